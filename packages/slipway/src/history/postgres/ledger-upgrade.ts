import { executeLocked, quoteLiteral, type Session } from '../../database/index.ts'
import {
  advice,
  attempt,
  failureOf,
  type NextAction,
  otherCommand,
  rethrow,
} from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { readHistory } from '../prisma-history.ts'
import { FIND_PLACES, NOTE_PLACES, STALE_PLACES } from './kept-places.ts'
import {
  LEDGER_MIGRATIONS,
  LEDGER_VERSION,
  type LedgerScene,
  TABLES_BY_HISTORY,
} from './ledger-migrations.ts'

/** The layout of the ledger on this database; 0 where there is none. Raises no error on the server. */
async function readLedgerVersion(session: Session): Promise<number> {
  const found = await session.queryRaw(`SELECT to_regclass('slipway.ledger') IS NOT NULL`)
  if (found.rows[0]?.[0] !== 't') return 0
  const { rows } = await session.queryRaw('SELECT max(version) FROM slipway.ledger')
  return Number(rows[0]?.[0] ?? 0)
}

/**
 * Refuses to work on a ledger of a layout that this version does not know (HISTORY.LEDGER_NEWER), or that the role may
 * not read (HISTORY.LEDGER_FORBIDDEN); gives its layout, 0 where there is none.
 */
export async function checkLedger(session: Session): Promise<number> {
  const version = await permitted(session, () => readLedgerVersion(session))
  if (version <= LEDGER_VERSION) return version
  return raise('HISTORY.LEDGER_NEWER', {
    message: `The ledger of this database has layout ${version}; this version of Slipway knows layouts up to ${LEDGER_VERSION}.`,
    why: 'A newer version of Slipway worked on this database, for this project or another one in it.',
    nextActions: [advice('Update slipway in this project.')],
  })
}

/**
 * Makes the ledger where it is absent, and upgrades it in place where it is older: one transaction for each step, so
 * that what a crash cuts off is finished by the next command. Needs the lock of the database.
 */
export async function prepareLedger(session: Session): Promise<void> {
  const version = await checkLedger(session)
  if (version < LEDGER_VERSION) await runSteps(session, version)
}

/**
 * As `prepareLedger`, but makes nothing if there is no ledger, and corrects what a dump and a restore left inconsistent:
 * sequences, and where the tables of kept data are. Gives whether there is a ledger.
 */
export async function upgradeLedger(session: Session): Promise<boolean> {
  const version = await checkLedger(session)
  if (version === 0) return false
  await permitted(session, async () => {
    if (version < LEDGER_VERSION) await runSteps(session, version)
    await executeLocked(session, ADVANCE_SEQUENCES)
    await settlePlaces(session)
  })
  return true
}

/** Looks first: a command that is refused afterwards should not even have run an UPDATE that finds no row. */
async function settlePlaces(session: Session): Promise<void> {
  const { rows } = await session.queryRaw(STALE_PLACES)
  const [found, moved] = rows[0] ?? []
  if (found === 't') await executeLocked(session, FIND_PLACES + NOTE_PLACES)
  else if (moved === 't') await executeLocked(session, NOTE_PLACES)
}

/** The ledger belongs to the role that made it first, which may be that of another project. */
async function permitted<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.server?.sqlstate !== '42501') throw error
    // A role that may not even read the history needs that right first.
    const history = await attempt(() => readHistory(session))
    if (!history.ok && history.failure.server?.sqlstate === '42501') rethrow(history.failure)
    const { database, user } = session.server
    return raise('HISTORY.LEDGER_FORBIDDEN', {
      message: `The role ${user} may not use Slipway's tables in the schema slipway of ${database}.`,
      why: `Another role created them. The projects of a database share them. The server reports: ${failure.server.message}`,
      nextActions: await ledgerGrants(session),
      server: failure.server,
    })
  }
}

/**
 * What gives a role the ledger: all of it by the role of its owner, unless that is a superuser; or enough for commands
 * that only read. A schema that is still empty needs its own rights alone.
 */
async function ledgerGrants(session: Session): Promise<NextAction[]> {
  const found = await attempt(() =>
    session.queryRaw(
      `SELECT c.oid IS NULL, r.rolsuper, quote_ident(r.rolname), quote_ident(current_user)
       FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'ledger'
       JOIN pg_roles r ON r.oid = coalesce(c.relowner, n.nspowner) WHERE n.nspname = 'slipway'`,
    ),
  )
  const [empty, superuser, owner, role] = (found.ok ? found.value.rows[0] : undefined) ?? []
  if (!owner || !role) return []
  if (empty === 't')
    return [otherCommand(`GRANT USAGE, CREATE ON SCHEMA slipway TO ${role}`, 'as its owner')]
  const reading = otherCommand(
    `GRANT USAGE ON SCHEMA slipway TO ${role}; GRANT SELECT ON ${LEDGER_TABLES.join(', ')} TO ${role}`,
    'enough for commands that only read',
  )
  if (superuser === 't')
    return [reading, advice('A superuser owns the tables: see docs/guides/rights.md for deploys.')]
  const member = 'as that role or a superuser, then run the command again'
  return [otherCommand(`GRANT ${owner} TO ${role}`, member), reading]
}

const LEDGER_TABLES = ['ledger', ...TABLES_BY_HISTORY].map((table) => `slipway.${table}`)

async function runSteps(session: Session, from: number): Promise<void> {
  const scene = { history: session.server.schema, histories: await readHistories(session) }
  for (const step of LEDGER_MIGRATIONS) {
    if (step.version > from) await executeLocked(session, stepSql(step, scene))
  }
}

/** One message without BEGIN is one transaction; within a transaction of the caller's it is a part of that. */
function stepSql(step: (typeof LEDGER_MIGRATIONS)[number], scene: LedgerScene): string {
  return `SET LOCAL client_min_messages = warning;
${step.sql(scene)}INSERT INTO slipway.ledger (version) VALUES (${step.version});\n`
}

async function readHistories(session: Session): Promise<string[]> {
  const { rows } = await session.queryRaw(
    `SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = '_prisma_migrations' AND c.relkind IN ('r', 'p')
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1`,
  )
  return rows.flatMap(([name]) => name ?? [])
}

/** Moves sequences that a restore left behind their rows: a copy of the data alone does not set them. */
const ADVANCE_SEQUENCES = `DO $$
DECLARE
  one text;
  counter text;
BEGIN
  FOREACH one IN ARRAY ARRAY['receipt', 'kept'] LOOP
    counter := pg_get_serial_sequence('slipway.' || one, 'id');
    CONTINUE WHEN counter IS NULL;
    EXECUTE format('SELECT setval(%L, max(id)) FROM slipway.%I HAVING max(id) >= (
      SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM %s)', counter, one, counter);
  END LOOP;
END $$;
`

/**
 * SQL that removes all that the ledger holds of this session's history, kept data too; nothing if there is no
 * ledger. Other projects of the database keep theirs.
 */
export async function forgetLedgerSql(session: Session): Promise<string> {
  if ((await checkLedger(session)) === 0) return ''
  const history = quoteLiteral(session.server.schema)
  const { rows } = await session.queryRaw(
    `SELECT format('DROP TABLE IF EXISTS slipway.%I CASCADE;', stored_as) FROM slipway.kept
     WHERE history_schema = ${history} AND stored_as IS NOT NULL ORDER BY id`,
  )
  return [
    ...rows.flatMap(([drop]) => drop ?? []),
    ...TABLES_BY_HISTORY.map(
      (table) => `DELETE FROM slipway.${table} WHERE history_schema = ${history};`,
    ),
  ].join('\n')
}
