import { executeLocked, inLedger, quoteLiteral, type Session } from '../../database/index.ts'
import { failureOf } from '../../kernel/index.ts'
import { RECORD_KEPT_TABLES } from './kept-places.ts'
import { checkLedger } from './ledger-upgrade.ts'

/** Whether a migration is applied (`up`) or rolled back (`down`). */
export type Direction = 'up' | 'down'

/** A transaction group of a migration that runs step by step: begun, and perhaps finished. */
export interface JournalEntry extends JournalKey {
  readonly finished: boolean
}

/** The schema as Slipway last left the target, and the history that produced it. */
export interface SchemaState {
  readonly historyHash: string
  readonly method: string
  readonly fingerprint: string
  readonly objects: Readonly<Record<string, string>>
  /** The change token before the schema was read (`readChangeToken`). Older versions of Slipway recorded none. */
  readonly changeToken?: string | undefined
}

/** The history to which a session's rows in the ledger belong, as a literal: the schema of its `_prisma_migrations`. */
export function historySchema(session: Session): string {
  return quoteLiteral(session.server.schema)
}

/**
 * Reads the rows of this session's history from a table of the ledger. `columns` are at least three SQL expressions
 * over `j`, the JSON of a row; the rows are sorted by the first three. Layouts from 1 on can be read: a row without
 * a history is from the time before rows had one. No rows if there is no ledger.
 */
export async function readLedgerRows(
  session: Session,
  table: string,
  columns: string,
): Promise<readonly (readonly (string | null)[])[]> {
  await checkLedger(session)
  const history = historySchema(session)
  const result = await orAbsent(
    session.queryRaw(
      `SELECT ${columns} FROM (SELECT to_jsonb(t) AS j FROM ${session.ledger}.${table} AS t) AS rows
       WHERE coalesce(j ->> 'history_schema', ${history}) = ${history} ORDER BY 1, 2, 3`,
    ),
  )
  return result?.rows ?? []
}

/** The journal of migrations that run step by step and have not been completed. */
export async function readJournal(session: Session): Promise<JournalEntry[]> {
  const rows = await readLedgerRows(
    session,
    'journal',
    `j ->> 'migration', j ->> 'direction', coalesce(j ->> 'transaction_group', j ->> 'unit')::integer,
     j ->> 'checksum', j ->> 'finished_at'`,
  )
  return rows.map(([migration, direction, group, checksum, finished]) => ({
    migration: migration ?? '',
    direction: direction === 'down' ? 'down' : 'up',
    group: Number(group),
    checksum: checksum ?? '',
    finished: finished !== null,
  }))
}

/** The schema as the last command left it; undefined if none is recorded. */
export async function readSchemaState(session: Session): Promise<SchemaState | undefined> {
  const columns = `j ->> 'history_hash', j ->> 'method', j ->> 'fingerprint', j ->> 'objects', j ->> 'change_token'`
  const [row] = await readLedgerRows(session, 'schema_state', columns)
  // Layout 1 has the table under another name.
  const [first] = row ? [row] : await readLedgerRows(session, 'catalog_state', columns)
  const [historyHash, method, fingerprint, objects, changeToken] = first ?? []
  if (!historyHash || !method || !fingerprint || !objects) return undefined
  return {
    historyHash,
    method,
    fingerprint,
    objects: JSON.parse(objects) as Record<string, string>,
    changeToken: changeToken ?? undefined,
  }
}

/** Records the schema as this command leaves it, and where the tables of kept data are in it. */
export async function writeSchemaState(session: Session, state: SchemaState): Promise<void> {
  const { historyHash, method, fingerprint, objects, changeToken } = state
  const values = [historyHash, method, fingerprint, JSON.stringify(objects)].map(quoteLiteral)
  const token = changeToken === undefined ? 'NULL' : quoteLiteral(changeToken)
  await executeLocked(
    session,
    `INSERT INTO ${session.ledger}.schema_state (history_schema, history_hash, method, fingerprint, objects, change_token)
     VALUES (${historySchema(session)}, ${values.join(', ')}::jsonb, ${token})
     ON CONFLICT (history_schema) DO UPDATE SET history_hash = excluded.history_hash, method = excluded.method,
       fingerprint = excluded.fingerprint, objects = excluded.objects, change_token = excluded.change_token,
       recorded_at = now();\n${inLedger(session, RECORD_KEPT_TABLES)}`,
  )
}

/** Records a new change token for a schema that was read again and has not changed. */
export async function writeChangeToken(session: Session, changeToken: string): Promise<void> {
  await executeLocked(
    session,
    `UPDATE ${session.ledger}.schema_state SET change_token = ${quoteLiteral(changeToken)}
     WHERE history_schema = ${historySchema(session)};\n`,
  )
}

/** Deletes the recorded schema, because the database is known to differ from its history. */
export async function forgetSchemaState(session: Session): Promise<void> {
  await executeLocked(
    session,
    `DELETE FROM ${session.ledger}.schema_state WHERE history_schema = ${historySchema(session)};\n${inLedger(session, RECORD_KEPT_TABLES)}`,
  )
}

/** The transaction group of a journal entry. */
export interface JournalKey {
  readonly migration: string
  readonly direction: Direction
  readonly group: number
  readonly checksum: string
}

/** SQL that records a transaction group as begun. Repeating it is harmless. */
export function journalBeginSql(session: Session, key: JournalKey): string {
  return `INSERT INTO ${session.ledger}.journal (history_schema, migration, direction, transaction_group, checksum)
VALUES (${journalValues(session, key)})
ON CONFLICT (history_schema, migration, direction, transaction_group)
DO UPDATE SET checksum = excluded.checksum, started_at = clock_timestamp();\n`
}

/** SQL that records a transaction group as finished, whether or not it was recorded as begun. */
export function journalFinishSql(session: Session, key: JournalKey): string {
  return `INSERT INTO ${session.ledger}.journal (history_schema, migration, direction, transaction_group, checksum, finished_at)
VALUES (${journalValues(session, key)}, clock_timestamp())
ON CONFLICT (history_schema, migration, direction, transaction_group)
DO UPDATE SET finished_at = excluded.finished_at;\n`
}

function journalValues(
  session: Session,
  { migration, direction, group, checksum }: JournalKey,
): string {
  return `${historySchema(session)}, ${quoteLiteral(migration)}, '${direction}', ${group}, '${checksum}'`
}

/** SQL that clears the journal of a migration that is complete. */
export function journalClearSql(session: Session, migration: string): string {
  return `DELETE FROM ${session.ledger}.journal
WHERE history_schema = ${historySchema(session)} AND migration = ${quoteLiteral(migration)};\n`
}

interface Receipt {
  readonly command: string
  readonly migration: string
  readonly attempts: number
}

/**
 * SQL of a receipt: what a command did with a migration, and in how many attempts. Its time is that of
 * its transaction.
 */
export function receiptSql(session: Session, { command, migration, attempts }: Receipt): string {
  return `INSERT INTO ${session.ledger}.receipt (history_schema, command, migration, attempts, ms)
VALUES (${historySchema(session)}, '${command}', ${quoteLiteral(migration)}, ${attempts},
  extract(epoch FROM clock_timestamp() - now()) * 1000);\n`
}

/** Undefined if the ledger, or its schema, does not exist yet. */
async function orAbsent<T>(query: Promise<T>): Promise<T | undefined> {
  try {
    return await query
  } catch (error) {
    const state = failureOf(error)?.server?.sqlstate
    if (state === '42P01' || state === '3F000') return undefined
    throw error
  }
}
