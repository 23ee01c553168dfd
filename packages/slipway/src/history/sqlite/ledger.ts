import { quoteText, type Session } from '../../database/index.ts'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** The layout that this version writes. */
const LEDGER_VERSION = 1

/** Creates the ledger if it does not exist. Layouts are recorded in docs/decisions. */
const CREATE_LEDGER = `CREATE TABLE IF NOT EXISTS _slipway_ledger (version INTEGER NOT NULL, revision INTEGER NOT NULL);
INSERT INTO _slipway_ledger SELECT ${LEDGER_VERSION}, 0 WHERE NOT EXISTS (SELECT 1 FROM _slipway_ledger);
CREATE TABLE IF NOT EXISTS _slipway_applied (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _slipway_receipt (
  id INTEGER PRIMARY KEY, command TEXT NOT NULL, migration TEXT NOT NULL, checksum TEXT NOT NULL, bookmark TEXT,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')));
CREATE TABLE IF NOT EXISTS _slipway_schema (
  history TEXT NOT NULL, method TEXT NOT NULL, fingerprint TEXT NOT NULL, objects TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _slipway_environment (name TEXT NOT NULL PRIMARY KEY, confirm INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS _slipway_kept (
  id INTEGER PRIMARY KEY, migration TEXT NOT NULL, direction TEXT NOT NULL, statement INTEGER NOT NULL, kind TEXT NOT NULL,
  table_name TEXT NOT NULL, columns TEXT NOT NULL, key TEXT NOT NULL, stored_as TEXT, why TEXT,
  rows INTEGER, bytes INTEGER, kept_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
  sequence INTEGER, restored_at TEXT, restored_rows INTEGER, since_rows INTEGER);
`

/** The contents of the ledger of a SQLite database, without kept data. */
export interface SqliteLedger {
  /** Changes with each command that changes the database; 0 if there is no ledger. */
  readonly revision: number
  /** The schema as the last command left it. */
  readonly schema?: RecordedSchema | undefined
  /** Protected environments under which the database was changed. */
  readonly environments: readonly { readonly name: string; readonly confirm: boolean }[]
}

/** A recorded schema, and the history that produced it. */
export interface RecordedSchema {
  readonly history: string
  readonly method: string
  readonly fingerprint: string
  readonly objects: Readonly<Record<string, string>>
}

/** Reads the ledger; empty if there is none. Fails with HISTORY.LEDGER_NEWER. */
export async function readSqliteLedger(session: Session): Promise<SqliteLedger> {
  const ledger = await readVersion(session)
  if (ledger === undefined) return { revision: 0, environments: [] }
  if (ledger.version > LEDGER_VERSION) refuseNewer(ledger.version)
  const [schema] = await session.query<Omit<RecordedSchema, 'objects'> & { objects: string }>(
    'SELECT history, method, fingerprint, objects FROM _slipway_schema',
  )
  const environments = await session.query<{ name: string; confirm: number }>(
    'SELECT name, confirm FROM _slipway_environment ORDER BY name',
  )
  return {
    revision: ledger.revision,
    ...(schema
      ? { schema: { ...schema, objects: JSON.parse(schema.objects) as RecordedSchema['objects'] } }
      : {}),
    environments: environments.map(({ name, confirm }) => ({ name, confirm: confirm === 1 })),
  }
}

/** The layout and the revision; undefined if there is no ledger. */
async function readVersion(
  session: Session,
): Promise<{ readonly version: number; readonly revision: number } | undefined> {
  const found = await session.query(`SELECT 1 FROM sqlite_schema WHERE name = '_slipway_ledger'`)
  if (found.length === 0) return undefined
  const [ledger] = await session.query<{ version: number; revision: number }>(
    'SELECT version, revision FROM _slipway_ledger',
  )
  return ledger
}

/** The layout of the ledger if this version does not know it. */
export async function newerLedgerOnSqlite(session: Session): Promise<number | undefined> {
  const { version = 0 } = (await readVersion(session)) ?? {}
  return version > LEDGER_VERSION ? version : undefined
}

/** Fails with HISTORY.LEDGER_NEWER if this version does not know the layout of the ledger. */
export async function refuseNewerLedgerOnSqlite(session: Session): Promise<void> {
  const version = await newerLedgerOnSqlite(session)
  if (version !== undefined) refuseNewer(version)
}

function refuseNewer(version: number): never {
  return raise('HISTORY.LEDGER_NEWER', {
    message: `The ledger of this database has layout ${version}; this version of Slipway supports layouts up to ${LEDGER_VERSION}.`,
    why: 'A newer version of Slipway worked on this database.',
    nextActions: [advice('Update slipway in this project.')],
  })
}

/** SQL that creates the ledger if it does not exist. */
export function createLedgerSql(): string {
  return CREATE_LEDGER
}

/** An SQL expression for the revision of the ledger. */
export const REVISION_SQL = '(SELECT revision FROM _slipway_ledger)'

/** SQL that increments the revision. */
export function reviseSql(): string {
  return 'UPDATE _slipway_ledger SET revision = revision + 1;\n'
}

/** SQL of a receipt. `bookmark` is the earlier state of a D1 database, to which Time Travel can restore it. */
export function sqliteReceiptSql(receipt: {
  readonly command: string
  readonly migration: string
  readonly checksum: string
  readonly bookmark?: string | undefined
}): string {
  const { command, migration, checksum, bookmark } = receipt
  const values = [command, migration, checksum].map(quoteText).join(', ')
  return `INSERT INTO _slipway_receipt (command, migration, checksum, bookmark) VALUES (${values}, ${bookmark === undefined ? 'NULL' : quoteText(bookmark)});\n`
}

/** SQL that records the schema as a command leaves it, or deletes the recorded one if none is given. */
export function recordSchemaSql(schema: RecordedSchema | undefined): string {
  const forget = 'DELETE FROM _slipway_schema;\n'
  if (schema === undefined) return forget
  const { history, method, fingerprint, objects } = schema
  const values = [history, method, fingerprint, JSON.stringify(objects)].map(quoteText)
  return `${forget}INSERT INTO _slipway_schema VALUES (${values.join(', ')});\n`
}

/** SQL that records under which protected environment the database is changed. */
export function recordEnvironmentSql(name: string, confirm: boolean): string {
  return `INSERT INTO _slipway_environment VALUES (${quoteText(name)}, ${confirm ? 1 : 0})
ON CONFLICT (name) DO UPDATE SET confirm = excluded.confirm;\n`
}
