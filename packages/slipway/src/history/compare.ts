import { advice, command, type Failure, failureFrom, sha256 } from '../kernel/index.ts'
import { matchesChecksum } from '../statements/index.ts'
import { type History, type HistoryRow, intoSquash } from './prisma-history.ts'
import { squashesOn, type SquashStatus, unfinishedSquashes } from './squash.ts'

/** What a comparison with the history needs of a migration. */
export interface MigrationText {
  readonly name: string
  readonly sql: string
}

/** The state of a target compared with the project. */
export type HistoryState = 'up-to-date' | 'behind' | 'ahead' | 'diverged' | 'failed' | 'empty'

/** The comparison of a history with the project's migrations; all lists hold names. */
export interface Comparison {
  readonly state: HistoryState
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** Begun, but neither finished nor rolled back. */
  readonly failed: readonly string[]
  /** Applied with a text that differs from the current file. */
  readonly edited: readonly string[]
  /** Applied by more than one row: two deploys ran behind a pooler, or the table was edited by hand. */
  readonly duplicated: readonly string[]
  /** Applied, but the project has neither a file of that name nor a squash that replaces it. */
  readonly missing: readonly string[]
  readonly rolledBack: readonly string[]
  /** Squashes of the project whose migrations were applied here one by one. */
  readonly squashed: readonly SquashStatus[]
  /** Squashes that exist alongside folders that they replace: the command that wrote them was interrupted. */
  readonly unfinishedSquashes: readonly string[]
}

/** Compares the applied migrations with those of the project. Pure; agrees with Prisma's own reading. */
export function compareHistory(history: History, migrations: readonly MigrationText[]): Comparison {
  const current = currentRows(history)
  const files = new Map(migrations.map((migration) => [migration.name, migration]))
  const applied = [...current.values()]
    .filter((row) => row.finishedAt !== null)
    .map((row) => row.migration)
  const failed = [...current.values()]
    .filter((row) => row.finishedAt === null)
    .map((row) => row.migration)
  const squashed = squashesOn(history, current, migrations)
  const replacedBySquashes = new Set(squashed.flatMap(({ replaces }) => replaces))
  const missing = applied.filter((name) => !files.has(name) && !replacedBySquashes.has(name))
  const checksumsOf = appliedChecksums(history)
  const edited = applied.filter((name) => {
    const file = files.get(name)
    const checksums = checksumsOf.get(name) ?? []
    // If another tool recorded no checksum, an edit cannot be detected.
    if (file === undefined || checksums.includes(null)) return false
    return !checksums.some((one) => matchesChecksum(file.sql, one))
  })
  const duplicated = applied.filter((name) => (checksumsOf.get(name) ?? []).length > 1)
  const pending = migrations.map(({ name }) => name).filter((name) => !current.has(name))
  const names = new Set(migrations.map(({ name }) => intoSquash(name)))
  const gone = history.rows.filter(({ logs }) => logs === null || !names.has(logs))
  const rolledBack = [...new Set(gone.map((row) => row.migration))].filter(
    (name) => !current.has(name),
  )
  const state = stateOf({ applied, pending, failed, missing })
  const unfinished = unfinishedSquashes(migrations)
  const lists = { applied, pending, failed, edited, duplicated, missing, rolledBack }
  return { state, ...lists, squashed, unfinishedSquashes: unfinished }
}

/**
 * The row that counts for each migration: of those that were not rolled back, the last one that did not
 * finish, as for Prisma, or else the last one.
 */
export function currentRows({ rows }: History): Map<string, HistoryRow> {
  const current = new Map<string, HistoryRow>()
  for (const row of rows) {
    const known = current.get(row.migration)
    const isFailed = known?.finishedAt === null && row.finishedAt !== null
    if (row.rolledBackAt === null && !isFailed) current.set(row.migration, row)
  }
  return current
}

/** The checksums of the rows that record each migration as applied: several if the history has duplicates. */
function appliedChecksums({ rows }: History): ReadonlyMap<string, readonly (string | null)[]> {
  const found = new Map<string, (string | null)[]>()
  for (const { migration, checksum, finishedAt, rolledBackAt } of rows) {
    if (finishedAt === null || rolledBackAt !== null) continue
    found.set(migration, [...(found.get(migration) ?? []), checksum])
  }
  return found
}

function stateOf(
  lists: Pick<Comparison, 'applied' | 'pending' | 'failed' | 'missing'>,
): HistoryState {
  if (lists.failed.length > 0) return 'failed'
  if (lists.applied.length === 0) return 'empty'
  if (lists.missing.length > 0) return lists.pending.length > 0 ? 'diverged' : 'ahead'
  return lists.pending.length > 0 ? 'behind' : 'up-to-date'
}

/** The failure that stops a deploy in this state, if any, with the command that resolves it. */
export function obstacle(comparison: Comparison): Failure | undefined {
  const { state, pending } = comparison
  const [failed] = comparison.failed
  const [missing] = comparison.missing
  const [edited] = comparison.edited
  if (failed !== undefined) {
    return failureFrom('HISTORY.FAILED', {
      message: `The migration ${failed} began on this database and did not finish.`,
      why: 'A part of it may be applied, so later migrations cannot run.',
      nextActions: [REPAIR],
    })
  }
  const squash = squashObstacle(comparison)
  if (squash) return squash
  if (missing !== undefined && state === 'diverged') {
    const [first = '', ...more] = pending
    return failureFrom('HISTORY.DIVERGED', {
      message:
        `The database has ${missing}, which the project lacks; ` +
        `the project has ${first}${more.length > 0 ? ` and ${more.length} more` : ''}, which the database lacks.`,
      why: 'Two branches were deployed here, or this is the database of a different branch.',
      nextActions: [PULL, command(['doctor'], 'see which database this is'), REPAIR],
    })
  }
  if (missing !== undefined) {
    return failureFrom('HISTORY.MISSING', {
      message: `The database has ${missing}, which the project lacks.`,
      why: 'New migrations of the project may not fit the schema of the target.',
      nextActions: [PULL, REPAIR],
    })
  }
  if (edited === undefined) return undefined
  return failureFrom('HISTORY.EDITED', {
    message: `The migration ${edited} was edited after it was applied.`,
    why: 'The file no longer contains what ran on this database, and an applied migration does not run again.',
    nextActions: [
      advice('Restore the file from version control, and put the change into a new migration.'),
      command(['repair'], 'see whether the edit matters'),
    ],
  })
}

/** The failure if a squash stops a deploy: writing it was interrupted, or the target has only a part of it. */
function squashObstacle({ squashed, unfinishedSquashes: unfinished }: Comparison) {
  const [unfinishedSquash] = unfinished
  if (unfinishedSquash !== undefined) {
    return failureFrom('HISTORY.SQUASH_UNFINISHED', {
      message: `The squash ${unfinishedSquash} and migrations that it replaces exist at the same time.`,
      why: 'A deploy would run both, and make every change twice.',
      nextActions: [
        command(['squash', '--write'], 'remove the migrations that the squash replaces'),
        advice(`Remove the folder ${unfinishedSquash} to keep the old migrations.`),
      ],
    })
  }
  const part = squashed.find(({ kind }) => kind === 'partly')
  if (part) {
    const named = part.lacks.slice(0, 5).join(', ')
    const more = part.lacks.length > 5 ? ` and ${part.lacks.length - 5} more` : ''
    return failureFrom('HISTORY.SQUASHED_PARTLY', {
      message: `The database has ${part.replaces.length} of the migrations that ${part.migration} replaces; it lacks ${named}${more}.`,
      why: 'The squash cannot run, because some of its tables exist, and it cannot be recorded, because others are missing.',
      nextActions: [
        advice('Check out the commit before the squash and deploy it. Then deploy this one.'),
        command(['status'], 'see what is applied'),
      ],
    })
  }
  const edited = squashed.find(({ kind, edited: names }) => kind !== 'recorded' && names.length > 0)
  return (
    edited &&
    failureFrom('HISTORY.EDITED', {
      message: `The migration ${edited.edited[0]} was applied with a text that differs from the one that ${edited.migration} replaces.`,
      why: 'It was edited after it was applied, before it was squashed.',
      nextActions: [
        advice('Check out the commit before the squash first.'),
        command(['repair'], 'see whether the edit matters, at that commit'),
      ],
    })
  )
}

const REPAIR = command(['repair'], 'see what happened and resolve it')
const PULL = advice('Check out the branch that has it, or pull.')

/** A hash of a sequence of applied migrations: names and texts, in order. */
export function historyHash(
  migrations: readonly { readonly name: string; readonly checksum: string | null }[],
): string {
  return sha256(migrations.map(({ name, checksum }) => `${name} ${checksum ?? ''}`).join('\n'))
}
