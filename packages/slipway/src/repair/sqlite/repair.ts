import { type AtomicSession, type Session, withSession } from '../../database/index.ts'
import { detectSqliteDrift, recordedSchema, withSqliteTarget } from '../../deploy/index.ts'
import { guardSql } from '../../execution/index.ts'
import {
  compareHistory,
  createLedgerSql,
  type History,
  type HistoryRow,
  readHistory,
  readSqliteLedger,
  refuseNewerLedger,
  recordSchemaSql,
  recordsOf,
  REVISION_SQL,
  reviseSql,
  sqliteReceiptSql,
} from '../../history/index.ts'
import { must } from '../../kernel/index.ts'
import { appliedRows } from '../../plan/index.ts'
import { readFingerprint } from '../../schema/index.ts'
import { checksum } from '../../statements/index.ts'
import { chosenDuplicates, chosenEdits, chosenProblem } from '../choose-problem.ts'
import type { Decision, Diagnosis, EditedProblem, FailedProblem, Problem } from '../diagnosis.ts'
import { examineMissing } from '../examine-missing.ts'
import { raise } from '../failures.ts'
import { markOffers, offer } from '../offers.ts'
import type { RepairOutcome } from '../repair.ts'
import type { ExamineRequest, RepairRequest } from '../request.ts'
import { versionOf, readVersions } from '../version-control.ts'

/** Says what is wrong with the history of a SQLite or D1 database: see `examine`. */
export async function examineSqlite(request: ExamineRequest): Promise<Diagnosis> {
  const options = { applicationName: 'slipway repair' }
  return await withSession(request.address, options, (session) => examineOn(session, request))
}

async function examineOn(session: Session, request: ExamineRequest): Promise<Diagnosis> {
  await refuseNewerLedger(session)
  const history = await readHistory(session)
  const comparison = compareHistory(history, request.migrations)
  const problems: Problem[] = comparison.failed.map(failedProblem)
  for (const name of comparison.missing)
    problems.push(await examineMissing(rowOf(history, name), request))
  for (const name of comparison.edited) {
    problems.push(await editedProblem(session, { history, row: rowOf(history, name), request }))
  }
  for (const migration of comparison.duplicated) {
    const label = 'keep one row, and mark the others as rolled back'
    problems.push({ kind: 'duplicated', migration, offers: [offer('keep-one-row', label)] })
  }
  const { database } = session.server
  return { database, state: comparison.state, problems, pending: comparison.pending }
}

/** Slipway leaves no failed migration; Prisma may, because it runs a SQLite file without a transaction around it. */
function failedProblem(migration: string): FailedProblem {
  const reason = 'another tool ran it, and SQLite does not record how far it got'
  const stop = { kind: 'unexamined' as const, reason }
  const unknown = { direction: 'up' as const, invalidIndexes: [], beside: [], editedSince: false }
  return { kind: 'failed', migration, stop, ...unknown, offers: markOffers() }
}

async function editedProblem(
  session: Session,
  {
    history,
    row,
    request,
  }: { readonly history: History; readonly row: HistoryRow; readonly request: ExamineRequest },
): Promise<EditedProblem> {
  const { migrations, migrationsDir, layout = 'folders' } = request
  const versions =
    migrationsDir === undefined ? [] : await readVersions({ migrationsDir, layout }, row.migration)
  const old = versionOf(versions, row.checksum)
  const ledger = await readSqliteLedger(session)
  // The recorded schema is that of the text before the edit: only a replay of the files shows whether it matters.
  const drift = await detectSqliteDrift(
    session,
    { history, migrations },
    { ...ledger, schema: undefined },
  )
  return {
    kind: 'edited',
    migration: row.migration,
    text: old ? 'differs' : 'old-text-unknown',
    ...(old ? { commit: old.commit } : {}),
    catalog:
      drift.kind === 'unknown'
        ? { kind: 'unknown', reason: drift.reason }
        : drift.kind === 'none'
          ? { kind: 'equal' }
          : { kind: 'differs', changes: drift.changes },
    offers: [offer('accept-edit', 'record the file as it is now')],
  }
}

function rowOf({ rows }: History, migration: string): HistoryRow {
  const row = rows.findLast((one) => one.migration === migration && one.rolledBackAt === null)
  return must(row, `history row of ${migration}`)
}

/** Carries out a person's decision on a SQLite or D1 database: see `repair`. It changes only the history. */
export async function repairSqlite(
  request: RepairRequest,
  decision: Decision,
): Promise<RepairOutcome> {
  return await withSqliteTarget(request, async ({ session }) => {
    const diagnosis = await examineOn(session, request)
    request.announce?.(diagnosis)
    const { names, sql } = rowsFor(session, { diagnosis, request }, decision)
    const { revision } = await readSqliteLedger(session)
    const records = recordsOf(session)
    const receipts = names.map((migration) => {
      const file = request.migrations.find(({ name }) => name === migration)
      return sqliteReceiptSql({ command: 'repair', migration, checksum: checksum(file?.sql ?? '') })
    })
    const script = [
      records.createSql,
      createLedgerSql(),
      guardSql('history', `${REVISION_SQL} <> ${revision}`),
      reviseSql(),
      sql,
      ...receipts,
    ]
    await session.runAtomically(script.join(''), { foreignKeys: true })
    const settled = await verifyRepair(session, request)
    return { database: diagnosis.database, diagnosis, decision, receipts: [], ...settled }
  })
}

interface DecisionContext {
  readonly diagnosis: Diagnosis
  readonly request: RepairRequest
}

/** The SQL that changes the history for a decision, and the migrations that it concerns. */
function rowsFor(
  session: AtomicSession,
  { diagnosis, request }: DecisionContext,
  decision: Decision,
): { readonly names: readonly string[]; readonly sql: string } {
  const records = recordsOf(session)
  const checksumOf = (name: string) =>
    checksum(request.migrations.find((one) => one.name === name)?.sql ?? '')
  switch (decision.kind) {
    case 'mark-applied': {
      const { migration } = chosenProblem(diagnosis, decision, ['failed'])
      const sql = records.rolledBack(migration) + records.marked(migration, checksumOf(migration))
      return { names: [migration], sql }
    }
    case 'mark-rolled-back': {
      const { migration } = chosenProblem(diagnosis, decision, ['failed', 'missing'])
      return { names: [migration], sql: records.rolledBack(migration) }
    }
    case 'accept-edit': {
      const names = chosenEdits(diagnosis, decision).map(({ migration }) => migration)
      return { names, sql: names.map((name) => records.edited(name, checksumOf(name))).join('') }
    }
    case 'keep-one-row': {
      const names = chosenDuplicates(diagnosis, decision)
      return { names, sql: names.map((name) => records.single(name, checksumOf(name))).join('') }
    }
    default:
      return raise('REPAIR.NOT_OFFERED', {
        message: 'On SQLite a migration can only be marked: as applied, or as rolled back.',
        why: 'Slipway runs each migration as one transaction there; a failed migration leaves nothing behind.',
      })
  }
}

/** Compares the database with its history, and records the schema if they are equal. */
async function verifyRepair(session: AtomicSession, { migrations }: RepairRequest) {
  const history = await readHistory(session)
  const ledger = await readSqliteLedger(session)
  const unrecorded = { ...ledger, schema: undefined }
  const drift = await detectSqliteDrift(session, { history, migrations }, unrecorded)
  if (drift.kind === 'unknown') return { verified: false, changes: [] }
  if (drift.kind === 'drifted') return { verified: false, changes: drift.changes }
  const schema = recordedSchema(appliedRows(history), await readFingerprint(session))
  await session.runAtomically(recordSchemaSql(schema), { foreignKeys: true })
  return { verified: true, changes: [] }
}
