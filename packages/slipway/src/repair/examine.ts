import { type Session, withSession } from '../database/index.ts'
import {
  compareHistory,
  currentRows,
  refuseNewerLedger,
  type Comparison,
  type History,
  type HistoryRow,
  readHistory,
  readJournal,
} from '../history/index.ts'
import { attempt, must } from '../kernel/index.ts'
import { shadowLike } from '../shadow/index.ts'
import type { Diagnosis, FailedProblem, Problem } from './diagnosis.ts'
import { examineEdited } from './examine-edited.ts'
import { examineMissing } from './examine-missing.ts'
import { markOffers, offer, offersFor } from './offers.ts'
import { directionOf, examinePartial, type PartialMigration } from './partial-migration.ts'
import type { ExamineRequest } from './request.ts'

/** A diagnosis, and what it was made from. */
export interface Examination {
  readonly diagnosis: Diagnosis
  readonly history: History
  /** The migrations that did not finish, as far as they could be examined. */
  readonly partials: ReadonlyMap<string, PartialMigration>
}

/** Says what is wrong with a target's history, and what can be done about it. Changes nothing, takes no lock. */
export async function examine(request: ExamineRequest): Promise<Diagnosis> {
  return await withSession(
    request.address,
    { applicationName: 'slipway repair' },
    async (session) => {
      const { diagnosis } = await examineSession(session, request)
      return diagnosis
    },
  )
}

/** The same on an open session. */
export async function examineSession(
  session: Session,
  asked: ExamineRequest,
): Promise<Examination> {
  const request = shadowLike(asked, session)
  await refuseNewerLedger(session)
  const history = await readHistory(session)
  const comparison = compareHistory(history, request.migrations)
  const partials = new Map<string, PartialMigration>()
  const problems: Problem[] = []
  for (const name of comparison.failed) {
    const row = rowOf(history, name)
    const partial = await attempt(() => findPartial(session, { history, row, comparison, request }))
    // If the target is gone, this fails; otherwise the failure was that of a shadow database.
    if (!partial.ok) await session.queryRaw('SELECT')
    if (partial.ok && typeof partial.value !== 'string') partials.set(name, partial.value)
    const reason = partial.ok ? partial.value : partial.failure.message
    const examined = partials.get(name)
    problems.push(
      examined
        ? await failedProblem(name, examined)
        : await unexaminedProblem(session, name, typeof reason === 'string' ? reason : 'unknown'),
    )
  }
  for (const name of comparison.missing)
    problems.push(await examineMissing(rowOf(history, name), request))
  for (const name of comparison.edited) {
    problems.push(await examineEdited(session, { history, row: rowOf(history, name), request }))
  }
  for (const migration of comparison.duplicated) {
    const label = 'keep one row, and mark the others as rolled back'
    problems.push({ kind: 'duplicated', migration, offers: [offer('keep-one-row', label)] })
  }
  const { database } = session.server
  return {
    diagnosis: { database, state: comparison.state, problems, pending: comparison.pending },
    history,
    partials,
  }
}

interface FailedRowContext {
  readonly history: History
  readonly row: HistoryRow
  readonly comparison: Comparison
  readonly request: ExamineRequest
}

/** The partly applied migration, or why it cannot be examined. */
async function findPartial(
  session: Session,
  { history, row, comparison, request }: FailedRowContext,
): Promise<PartialMigration | string> {
  const migration = request.migrations.find(({ name }) => name === row.migration)
  if (!migration) return 'the project does not have its file'
  const [missing] = comparison.missing
  if (missing !== undefined)
    return `the project does not have ${missing}, which was applied before it`
  return await examinePartial({ session, history, row, migration, request })
}

async function unexaminedProblem(
  session: Session,
  migration: string,
  reason: string,
): Promise<FailedProblem> {
  const journal = (await readJournal(session)).filter((entry) => entry.migration === migration)
  const stop = { kind: 'unexamined' as const, reason }
  const unknown = { invalidIndexes: [], beside: [], editedSince: false }
  const direction = directionOf(journal)
  return { kind: 'failed', migration, direction, stop, ...unknown, offers: markOffers() }
}

async function failedProblem(migration: string, partial: PartialMigration): Promise<FailedProblem> {
  const { direction, stop, beside, invalidIndexes, editedSince, failure } = partial
  return {
    kind: 'failed',
    migration,
    direction,
    stop,
    beside,
    invalidIndexes,
    editedSince,
    ...(failure ? { failsOnShadow: failure } : {}),
    offers: await offersFor(partial),
  }
}

/** The row that counts for a migration: the last one that was not rolled back. */
function rowOf(history: History, migration: string): HistoryRow {
  return must(currentRows(history).get(migration), `history row of ${migration}`)
}
