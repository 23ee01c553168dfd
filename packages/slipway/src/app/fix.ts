import { type FixedMigration, fixMigrations, writeFix } from '../check/index.ts'
import { advice, command, must, type NextAction } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type FailureResult, failureResult } from './check.ts'
import type { AppContext } from './context.ts'
import { refuseUnwritable } from './failures.ts'
import { offlineFacts } from './offline-facts.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { readWork, shadowOptions } from './work.ts'

/** Options of a fix. */
export interface FixOptions {
  /** Names, or ends of names; the last migration if none is named. */
  readonly migrations?: readonly string[] | undefined
  readonly all?: boolean | undefined
  /** Write the files. */
  readonly write?: boolean | undefined
}

/** A migration in its safe form, and whether that was written. */
export interface FixedResult extends Pick<
  FixedMigration,
  'name' | 'rewritten' | 'left' | 'sql' | 'edits'
> {
  /** The original text. */
  readonly before: string
  readonly written: boolean
  /** Why the new text must not be used; null if it can be used. */
  readonly refusal: (FailureResult & { readonly why: string | null }) | null
}

/** The result of a fix. */
export interface FixResult {
  readonly migrations: readonly FixedResult[]
}

/** Rewrites migrations into their safe form, and proves that the schema is the same. Touches no target. */
export async function fixNamed(
  context: AppContext,
  asked: FixOptions,
): Promise<UseCaseReturn<FixResult>> {
  const work = await readWork(context, { downMigrations: true, withoutTarget: true })
  const { migrations } = work
  const all = await fixMigrations({
    migrations,
    names: asked.all ? migrations.map(({ name }) => name) : (asked.migrations ?? []),
    shadow: shadowOptions(work),
    facts: offlineFacts(work),
    emit: context.emit,
  })
  const shown = all.map((fixed) => {
    const migration = must(
      migrations.find(({ name }) => name === fixed.name),
      fixed.name,
    )
    const written = asked.write === true && fixed.edits.length > 0 && !fixed.refusal
    if (written) write(migration, fixed)
    return { fixed, before: migration.sql, written }
  })
  return {
    result: { migrations: shown.map(fixedResult) },
    findings: shown.flatMap(fixedFindings),
    next: fixedNext(shown),
  }
}

function write(migration: MigrationFolder, fixed: FixedMigration): void {
  try {
    writeFix(migration, fixed)
  } catch (cause) {
    refuseUnwritable(fixed.name, cause)
  }
}

interface Fix {
  readonly fixed: FixedMigration
  readonly before: string
  readonly written: boolean
}

function fixedResult({ fixed, before, written }: Fix): FixedResult {
  const { name, rewritten, left, sql, edits, refusal } = fixed
  return {
    name,
    rewritten,
    left,
    sql,
    written,
    refusal: refusal ? { ...failureResult(refusal), why: refusal.why ?? null } : null,
    before,
    edits,
  }
}

/** A refused rewriting is an error; a hazard that stays, or that is not rewritten yet, is a warning. */
function fixedFindings({ fixed, written }: Fix): ResultFinding[] {
  const { path: file, refusal, rewritten, left } = fixed
  const warning = (id: string, message: string, line: number): ResultFinding => ({
    id,
    severity: 'warning',
    message,
    where: { file, line },
  })
  return [
    ...(refusal ? [refused(file, [refusal.message, refusal.why])] : []),
    ...(written || refusal ? [] : rewritten.map(({ id, line, done }) => warning(id, done, line))),
    ...left.map(({ id, line, reason }) => warning(id, reason, line)),
  ]
}

function refused(file: string, sentences: readonly (string | undefined)[]): ResultFinding {
  const message = sentences.filter(Boolean).join(' ')
  return { id: 'fix-refused', severity: 'error', message, where: { file } }
}

/** What to do with the rewritten files. */
function fixedNext(shown: readonly Fix[]): NextAction[] {
  const able = shown.filter(({ fixed }) => fixed.edits.length > 0 && !fixed.refusal)
  if (able.length === 0) return []
  const names = able.map(({ fixed }) => fixed.name)
  const applied = advice(
    'Fix only migrations that are not deployed anywhere: a target would report a fixed one as edited',
  )
  return able.every(({ written }) => written)
    ? [command(['check', ...names], 'test the down migration that was written'), applied]
    : [command(['fix', ...names, '--write'], 'write the files'), applied]
}
