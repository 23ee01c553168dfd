import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  type CheckedMigration,
  checkMigrations,
  type CheckRequest,
  htmlReport,
  type Load,
  type StoredProof,
  storeProof,
} from '../check/index.ts'
import { command, type Failure, must } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import type { Proof } from '../proof/index.ts'
import type { AppContext } from './context.ts'
import { refuseUnwritable } from './failures.ts'
import { hazardFinding, type HazardResult, hazardResult } from './hazard-findings.ts'
import { offlineFacts } from './offline-facts.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { ownRules, readWork, shadowOptions, type Work } from './work.ts'

const DEADLINE_MS = 5 * 60_000

/** Options of a load test. */
export interface LoadOptions {
  /** The number of rows in each touched table; default: the number on the target. */
  readonly rows?: number | undefined
  /** Multiplies the row counts of the target. Cannot be combined with `rows`. */
  readonly factor?: number | undefined
  /** The time limit for each migration; default: five minutes. */
  readonly deadlineMs?: number | undefined
}

/** Which migrations are checked, and how. */
export interface CheckOptions {
  /** Names, or ends of names; the last migration if none is named. */
  readonly migrations?: readonly string[] | undefined
  readonly all?: boolean | undefined
  /** Judge the files without running them. */
  readonly static?: boolean | undefined
  readonly load?: LoadOptions | undefined
  /** Write each proof next to its migration, as proof.json. */
  readonly save?: boolean | undefined
  /** The file for an HTML report, absolute or relative to `cwd`. */
  readonly html?: string | undefined
}

/** A failure in a result: its code and its message. */
export interface FailureResult {
  readonly code: string
  readonly message: string
}

/** How long queries waited during a migration. */
export interface LoadResult extends Omit<Load, 'failure'> {
  readonly failure: FailureResult | null
}

/** A migration that was checked. */
export interface CheckedResult {
  readonly name: string
  readonly path: string
  readonly proof: Proof | null
  /** Why it was not tested. */
  readonly refusal: FailureResult | null
  /** How its proof.json compares with the new proof. */
  readonly stored: StoredProof
  readonly hazards: readonly HazardResult[]
  /** Absent if it was not requested; null if it could not be measured. */
  readonly load?: LoadResult | null
}

/** The result of a check. */
export interface CheckResult {
  readonly migrations: readonly CheckedResult[]
}

/** Tests migrations on a shadow database: up, down, up again; judges their statements. Touches no target. */
export async function checkNamed(
  context: AppContext,
  asked: CheckOptions,
): Promise<UseCaseReturn<CheckResult>> {
  const work = await readWork(context, { downMigrations: true, withoutTarget: true })
  const { migrations } = work
  const names = asked.migrations ?? []
  const checked = await checkMigrations({
    migrations,
    names: asked.all ? migrations.map(({ name }) => name) : names,
    shadow: shadowOptions(work),
    facts: offlineFacts(work),
    rules: await ownRules(work),
    withoutTestRun: asked.static ?? false,
    ...(asked.load ? { load: loadRequest(context, asked.load, work) } : {}),
    emit: context.emit,
  })
  await write(context, work, { checked, asked })
  const fixable = checked.flatMap(({ name, hazards }) =>
    hazards.some(({ safeSql }) => safeSql !== undefined) ? [name] : [],
  )
  return {
    result: { migrations: checked.map(checkedResult) },
    findings: checked.flatMap((one) => checkedFindings(one, asked.save ?? false)),
    next: fixable.length > 0 ? [command(['fix', ...fixable], 'see the safe form')] : [],
  }
}

/** The rows of a PostgreSQL target are counted, unless `rows` gives the number. */
function loadRequest(
  { signal }: AppContext,
  { rows, factor, deadlineMs = DEADLINE_MS }: LoadOptions,
  { target }: Work,
): NonNullable<CheckRequest['load']> {
  const { lockTimeoutMs, statementTimeoutMs } = target.policy
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(factor === undefined ? {} : { factor }),
    ...(target.address.kind === 'postgres' ? { target: target.address } : {}),
    limits: { lockTimeoutMs, statementTimeoutMs },
    deadlineMs,
    signal,
  }
}

async function write(
  { cwd, now }: AppContext,
  { migrations, project }: Work,
  {
    checked,
    asked,
  }: { readonly checked: readonly CheckedMigration[]; readonly asked: CheckOptions },
): Promise<void> {
  const named = (name: string) =>
    must(
      migrations.find((one) => one.name === name),
      name,
    )
  if (asked.save) {
    for (const { name, proof } of checked) if (proof) saveProof(named(name), proof)
  }
  if (asked.html !== undefined) {
    const reported = checked.map((one) => ({ ...one, sql: named(one.name).sql }))
    const text = htmlReport({ project: path.basename(project.root), at: now() }, reported)
    const { html } = asked
    await writeFile(path.resolve(cwd, html), text).catch((cause: unknown) =>
      refuseUnwritable(html, cause),
    )
  }
}

function saveProof(migration: MigrationFolder, proof: Proof): void {
  try {
    storeProof(migration, proof)
  } catch (cause) {
    refuseUnwritable(`proof.json of ${migration.name}`, cause)
  }
}

function checkedResult(checked: CheckedMigration): CheckedResult {
  const { name, path: file, proof, refusal, stored, hazards, load, loadRefusal } = checked
  return {
    name,
    path: file,
    proof: proof ?? null,
    refusal: refusal ? failureResult(refusal) : null,
    stored,
    hazards: hazards.map(hazardResult),
    ...(load || loadRefusal ? { load: load ? loadResult(load) : null } : {}),
  }
}

function loadResult({ failure, ...load }: Load): LoadResult {
  return { ...load, failure: failure ? failureResult(failure) : null }
}

/** Converts a failure for a result. */
export function failureResult({ code, message }: Failure): FailureResult {
  return { code, message }
}

function checkedFindings(one: CheckedMigration, saved: boolean): ResultFinding[] {
  return [
    ...proofFindings(one),
    ...one.hazards.map(hazardFinding),
    ...loadFindings(one),
    ...(saved ? [] : storedFindings(one)),
  ]
}

function proofFindings({ path: file, proof, refusal }: CheckedMigration): ResultFinding[] {
  if (refusal) {
    const where = refusal.where ?? { file }
    const message = [refusal.message, refusal.why].filter(Boolean).join(' ')
    return [{ id: 'migration-fails', severity: 'error', message, where }]
  }
  if (proof === undefined) return []
  const severity = proof.schemaEqual ? 'warning' : 'error'
  const found = (
    id: string,
    as: ResultFinding['severity'],
    messages: readonly string[],
  ): ResultFinding[] => messages.map((message) => ({ id, severity: as, message, where: { file } }))
  return [
    ...found('not-proven', severity, proof.reasons),
    ...found('proven-on-some-rows', 'notice', proof.conditions),
  ]
}

/** Why a load test has no result: it did not run, or the migration did not complete in it. */
function loadFindings({ path: file, load, loadRefusal }: CheckedMigration): ResultFinding[] {
  const failure = loadRefusal ?? load?.failure
  if (failure === undefined) return []
  const message = `Under load: ${[failure.message, failure.why].filter(Boolean).join(' ')}`
  return [{ id: 'load-fails', severity: 'error', message, where: { file } }]
}

const STORED: Readonly<Record<StoredProof, string | undefined>> = {
  none: undefined,
  same: undefined,
  unchecked: undefined,
  'other-files':
    'proof.json was written for different files: check the migration again with --save.',
  differs: 'The result in proof.json differs from the test run.',
  unreadable: 'proof.json cannot be read.',
}

function storedFindings({ path: file, stored, unreadable }: CheckedMigration): ResultFinding[] {
  const said = STORED[stored]
  if (said === undefined) return []
  const message = [said, unreadable].filter(Boolean).join(' ')
  return [{ id: 'stored-proof', severity: 'error', message, where: { file } }]
}
