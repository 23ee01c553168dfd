import { command, type Failure, failureFrom, type NextAction, sha256 } from '../kernel/index.ts'
import { matchesChecksum } from '../migration/index.ts'
import type { History, HistoryRow } from './prisma-history.ts'

/** A migration of the project, as far as history needs it. */
export interface MigrationText {
  readonly name: string
  readonly sql: string
}

/** How a target stands to the project. */
export type HistoryState = 'up-to-date' | 'behind' | 'ahead' | 'diverged' | 'failed' | 'empty'

/** The comparison of a history with the project's migrations; all lists hold names. */
export interface Comparison {
  readonly state: HistoryState
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** Begun, neither finished nor rolled back. */
  readonly failed: readonly string[]
  /** Applied with another text than the file has now. */
  readonly edited: readonly string[]
  /** Applied, and no file of that name. */
  readonly missing: readonly string[]
  readonly rolledBack: readonly string[]
}

/** Compares what was applied with what the project has. Pure; equal to Prisma's own reading. */
export function compareHistory(history: History, migrations: readonly MigrationText[]): Comparison {
  const living = livingRows(history)
  const files = new Map(migrations.map((migration) => [migration.name, migration]))
  const applied = [...living.values()].filter((row) => row.finishedAt !== null).map((row) => row.migration)
  const failed = [...living.values()].filter((row) => row.finishedAt === null).map((row) => row.migration)
  const missing = applied.filter((name) => !files.has(name))
  const edited = applied.filter((name) => {
    const file = files.get(name)
    const row = living.get(name)
    return file !== undefined && row !== undefined && !matchesChecksum(file.sql, row.checksum)
  })
  const pending = migrations.map(({ name }) => name).filter((name) => !living.has(name))
  const rolledBack = [...new Set(history.rows.map((row) => row.migration))].filter((name) => !living.has(name))
  const state = stateOf({ applied, pending, failed, missing })
  return { state, applied, pending, failed, edited, missing, rolledBack }
}

/** The row that counts for each migration: the last one that was not rolled back. */
function livingRows(history: History): Map<string, HistoryRow> {
  const living = new Map<string, HistoryRow>()
  for (const row of history.rows) if (row.rolledBackAt === null) living.set(row.migration, row)
  return living
}

function stateOf(lists: Pick<Comparison, 'applied' | 'pending' | 'failed' | 'missing'>): HistoryState {
  if (lists.failed.length > 0) return 'failed'
  if (lists.applied.length === 0) return 'empty'
  if (lists.missing.length > 0) return lists.pending.length > 0 ? 'diverged' : 'ahead'
  return lists.pending.length > 0 ? 'behind' : 'up-to-date'
}

/** What stops a deploy in this state, if anything does, with the command that resolves it. */
export function obstacle(comparison: Comparison): Failure | undefined {
  const repair = command('slipway repair', 'see what happened and resolve it')
  const [failed] = comparison.failed
  if (failed !== undefined) {
    return stop('HISTORY.FAILED', `The migration ${failed} began on this database and did not finish.`, [repair])
  }
  if (comparison.state === 'diverged') {
    const [missing] = comparison.missing
    return stop(
      'HISTORY.DIVERGED',
      `The database has ${missing}, which the project lacks, and lacks ${comparison.pending.length} that the project has.`,
      [repair],
    )
  }
  const [missing] = comparison.missing
  if (missing !== undefined) {
    return stop('HISTORY.MISSING', `The database has ${missing}, which the project lacks.`, [
      { kind: 'advice', label: 'Check out the branch that has it, or pull.' },
      repair,
    ])
  }
  const [edited] = comparison.edited
  if (edited !== undefined) {
    return stop('HISTORY.EDITED', `The migration ${edited} was edited after it was applied.`, [repair])
  }
  return undefined
}

function stop(code: string, message: string, nextActions: readonly NextAction[]): Failure {
  return failureFrom(code, { message, why: 'A deploy on top of it could not know what it builds on.', nextActions })
}

/** A hash that stands for a sequence of applied migrations: names and texts, in order. */
export function historyHash(migrations: readonly { readonly name: string; readonly checksum: string }[]): string {
  return sha256(migrations.map(({ name, checksum }) => `${name} ${checksum}`).join('\n'))
}
