import { quoteLiteral, type Session } from '../database/index.ts'
import { failureOf } from '../kernel/index.ts'
import { raise } from './failures.ts'

const VERSION = 1

/** The ledger's tables. Its layout is a decision: docs/decisions. */
const CREATE_LEDGER = `CREATE SCHEMA IF NOT EXISTS slipway;
CREATE TABLE IF NOT EXISTS slipway.ledger (version integer NOT NULL);
INSERT INTO slipway.ledger SELECT ${VERSION} WHERE NOT EXISTS (SELECT FROM slipway.ledger);
CREATE TABLE IF NOT EXISTS slipway.journal (
    migration text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('up', 'down')),
    unit integer NOT NULL,
    checksum text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    PRIMARY KEY (migration, direction, unit)
);
CREATE TABLE IF NOT EXISTS slipway.catalog_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    history_hash text NOT NULL,
    method text NOT NULL,
    fingerprint text NOT NULL,
    objects jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS slipway.receipt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command text NOT NULL,
    migration text NOT NULL,
    attempts integer NOT NULL,
    ms integer NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
`

/** Which way a migration is run. */
export type Direction = 'up' | 'down'

/** A transaction group of a migration that runs step by step: begun, and perhaps finished. */
export interface JournalEntry {
  readonly migration: string
  readonly direction: Direction
  readonly group: number
  readonly checksum: string
  readonly finished: boolean
}

/** What the catalog was when Slipway last left the target, and after which history. */
export interface CatalogState {
  readonly historyHash: string
  readonly method: string
  readonly fingerprint: string
  readonly objects: Readonly<Record<string, string>>
}

/** SQL that creates the ledger where it is absent, in one message. */
export const createLedgerSql: string = CREATE_LEDGER

/** Refuses to work on a ledger of a layout that this version does not know (HISTORY.LEDGER_NEWER). */
export async function checkLedger(session: Session): Promise<void> {
  const rows = await orAbsent(session.queryRaw('SELECT max(version) FROM slipway.ledger'))
  const version = Number(rows?.rows[0]?.[0] ?? 0)
  if (version <= VERSION) return
  raise('HISTORY.LEDGER_NEWER', {
    message: `The ledger of this database has layout ${version}; this Slipway knows ${VERSION}.`,
    why: 'A newer Slipway deployed here before.',
    nextActions: [{ kind: 'advice', label: 'Update slipway in this project.' }],
  })
}

/** The journal of migrations that run step by step and have not been completed. */
export async function readJournal(session: Session): Promise<JournalEntry[]> {
  const result = await orAbsent(
    session.queryRaw(
      'SELECT migration, direction, unit, checksum, finished_at FROM slipway.journal ORDER BY migration, direction, unit',
    ),
  )
  return (result?.rows ?? []).map(([migration, direction, group, checksum, finished]) => ({
    migration: migration ?? '',
    direction: direction === 'down' ? 'down' : 'up',
    group: Number(group),
    checksum: checksum ?? '',
    finished: finished !== null,
  }))
}

/** The catalog as it was last left; nothing where no ledger is. */
export async function readCatalogState(session: Session): Promise<CatalogState | undefined> {
  const result = await orAbsent(
    session.queryRaw(
      'SELECT history_hash, method, fingerprint, objects FROM slipway.catalog_state',
    ),
  )
  const [historyHash, method, fingerprint, objects] = result?.rows[0] ?? []
  if (!historyHash || !method || !fingerprint || !objects) return undefined
  return {
    historyHash,
    method,
    fingerprint,
    objects: JSON.parse(objects) as Record<string, string>,
  }
}

/** Records the catalog as it is left now. */
export async function writeCatalogState(session: Session, state: CatalogState): Promise<void> {
  await session.query(
    `INSERT INTO slipway.catalog_state (history_hash, method, fingerprint, objects) VALUES ($1, $2, $3, $4::jsonb)
     ON CONFLICT (only_row) DO UPDATE SET history_hash = excluded.history_hash, method = excluded.method,
       fingerprint = excluded.fingerprint, objects = excluded.objects, recorded_at = now()`,
    [state.historyHash, state.method, state.fingerprint, JSON.stringify(state.objects)],
  )
}

/** Forgets the recorded catalog: what stands is known to be something else than the history gives. */
export async function forgetCatalogState(session: Session): Promise<void> {
  await session.execute('DELETE FROM slipway.catalog_state')
}

/** Where a journal entry belongs. */
export interface JournalKey {
  readonly migration: string
  readonly direction: Direction
  readonly group: number
  readonly checksum: string
}

/** SQL that notes a transaction group as begun. Repeating it is harmless. */
export function journalBeginSql({ migration, direction, group, checksum }: JournalKey): string {
  return `INSERT INTO slipway.journal (migration, direction, unit, checksum)
VALUES (${quoteLiteral(migration)}, '${direction}', ${group}, '${checksum}')
ON CONFLICT (migration, direction, unit) DO UPDATE SET checksum = excluded.checksum, started_at = clock_timestamp();\n`
}

/** SQL that notes a transaction group as finished, begun or not. */
export function journalFinishSql({ migration, direction, group, checksum }: JournalKey): string {
  return `INSERT INTO slipway.journal (migration, direction, unit, checksum, finished_at)
VALUES (${quoteLiteral(migration)}, '${direction}', ${group}, '${checksum}', clock_timestamp())
ON CONFLICT (migration, direction, unit) DO UPDATE SET finished_at = excluded.finished_at;\n`
}

/** SQL that clears the journal of a migration that is complete. */
export function journalClearSql(migration: string): string {
  return `DELETE FROM slipway.journal WHERE migration = ${quoteLiteral(migration)};\n`
}

/**
 * SQL of a receipt: what a command did with a migration, and in how many attempts. Its time is that of
 * the transaction it stands in.
 */
export function receiptSql(command: string, migration: string, attempts: number): string {
  return `INSERT INTO slipway.receipt (command, migration, attempts, ms) VALUES ('${command}',
  ${quoteLiteral(migration)}, ${attempts}, extract(epoch FROM clock_timestamp() - now()) * 1000);\n`
}

/** Nothing where the ledger, or its schema, does not exist yet. */
async function orAbsent<T>(query: Promise<T>): Promise<T | undefined> {
  try {
    return await query
  } catch (error) {
    const state = failureOf(error)?.server?.sqlstate
    if (state === '42P01' || state === '3F000') return undefined
    throw error
  }
}
