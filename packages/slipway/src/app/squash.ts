import type { Grade } from '../down/index.ts'
import { advice, command, type NextAction } from '../kernel/index.ts'
import {
  draftSquash,
  finishSquash,
  type Squash,
  type UnfinishedSquash,
  uncommitted,
  unfinishedSquash,
  writeSquash,
} from '../squash/index.ts'
import { refuseUnknownAccepts } from './accept.ts'
import type { AppContext } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { readWork, shadowOptions, type Work } from './work.ts'

/** Options of a squash. */
export interface SquashOptions {
  /** Name of the new migration; `squashed` if absent. */
  readonly name?: string | undefined
  /** The first migration; the first of the project if absent. */
  readonly from?: string | undefined
  /** The last migration; the last of the project if absent. */
  readonly to?: string | undefined
  /** Write it, and remove the migrations that it replaces. */
  readonly write?: boolean | undefined
  /** Findings that are accepted: `uncommitted`. */
  readonly accept?: readonly string[] | undefined
}

/** A squash that was proven. It contains no SQL, because the SQL contains rows. */
export interface DraftedSquash extends Pick<
  Squash,
  'form' | 'statements' | 'groups' | 'after' | 'rows' | 'unlike' | 'columnOrder'
> {
  readonly kind: 'drafted'
  /** `path` is the written file, or null. */
  readonly migration: { readonly name: string; readonly path: string | null }
  readonly written: boolean
  /** Why it does not have the other form, if that form was tried. */
  readonly fallback: string | null
  readonly squashes: readonly string[]
  readonly down: {
    readonly grade: Grade | null
    readonly proven: boolean
    readonly statements: number
  }
}

/** A squash that was interrupted earlier, after it wrote its folder and before it removed the old ones. */
export interface UnfinishedResult {
  readonly kind: 'unfinished'
  readonly migration: { readonly name: string }
  readonly finished: boolean
  /** The folders that were removed, or that `write` would remove. */
  readonly removed: readonly string[]
}

export type SquashResult = DraftedSquash | UnfinishedResult

/** Replaces many migrations with one, proven equal on shadow databases. Touches no target. */
export async function squashRange(
  context: AppContext,
  asked: SquashOptions,
): Promise<UseCaseReturn<SquashResult>> {
  const { accept = [], write = false, from, to, name } = asked
  refuseUnknownAccepts(accept, ['uncommitted'])
  const work = await readWork(context, { withoutTarget: true })
  const { migrations } = work
  const { migrationsDir, migrationsLayout: layout } = work.project
  const unfinished = unfinishedSquash(migrations)
  if (unfinished) return finish(work, { unfinished, write })
  const shadow = shadowOptions(work)
  const made = await draftSquash({
    migrations,
    layout,
    from,
    to,
    name,
    shadow,
    emit: context.emit,
  })
  const acceptUncommitted = accept.includes('uncommitted')
  const { dialect } = shadow
  const file = write
    ? await writeSquash(made, { migrationsDir, layout, migrations, dialect, acceptUncommitted })
    : undefined
  const problem =
    write || acceptUncommitted
      ? undefined
      : await uncommitted(made.squashed, { migrationsDir, layout })
  return {
    result: draftedResult(made, file),
    findings: problem === undefined ? [] : [uncommittedFinding(problem)],
    next: [...(problem === undefined ? [] : [COMMIT_FIRST]), ...nextOf(made, asked)],
  }
}

/** Continues a squash that was interrupted between writing its folder and removing the old ones. */
function finish(
  { migrations, project }: Work,
  { unfinished, write }: { readonly unfinished: UnfinishedSquash; readonly write: boolean },
): UseCaseReturn<UnfinishedResult> {
  const { name, left } = unfinished
  if (write)
    finishSquash(unfinished, {
      migrationsDir: project.migrationsDir,
      layout: project.migrationsLayout,
      migrations,
    })
  const removed = left.map((one) => one.name)
  const result = { kind: 'unfinished' as const, migration: { name }, finished: write, removed }
  return {
    result,
    next: write
      ? [command(['status'], 'see the state of a target')]
      : [command(['squash', '--write'], 'remove them')],
  }
}

function draftedResult(squash: Squash, file: string | undefined): DraftedSquash {
  const { name, form, fallback, statements, groups, squashed, after } = squash
  const { rows, unlike, columnOrder, down } = squash
  return {
    kind: 'drafted',
    migration: { name, path: file ?? null },
    written: file !== undefined,
    form,
    fallback: fallback ?? null,
    statements,
    groups,
    squashes: squashed.map((one) => one.name),
    after,
    rows,
    unlike,
    columnOrder,
    down: { grade: down.grade ?? null, proven: down.proven, statements: down.statements },
  }
}

const COMMIT_FIRST = advice(
  'Commit the migrations first: --write removes only folders that are committed in Git',
)

function uncommittedFinding(message: string): ResultFinding {
  return { id: 'uncommitted', severity: 'warning', message }
}

/** The next actions after a squash was drafted or written. */
function nextOf({ name }: Squash, asked: SquashOptions): NextAction[] {
  if (asked.write)
    return [
      advice(`Commit ${name} together with the removed migrations, in one separate commit`),
      command(
        ['deploy'],
        'a target that has the old migrations records the squash, and runs nothing',
      ),
    ]
  const words = [
    'squash',
    ...(asked.name === undefined ? [] : [asked.name]),
    ...(asked.from === undefined ? [] : ['--from', asked.from]),
    ...(asked.to === undefined ? [] : ['--to', asked.to]),
    '--write',
  ]
  return [
    command(words, 'write the files'),
    advice(
      'First deploy all of them to every target: a target that has only some of them needs the old commit',
    ),
  ]
}
