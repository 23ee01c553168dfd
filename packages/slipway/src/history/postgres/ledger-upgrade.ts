import {
  executeLocked,
  inLedger,
  LEDGER_SCHEMA,
  quoteLiteral,
  type Session,
} from '../../database/index.ts'
import {
  advice,
  attempt,
  failureOf,
  type NextAction,
  otherCommand,
  rethrow,
} from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { readPrismaHistory } from '../prisma-history.ts'
import {
  ASSIGN_KEPT_TABLES,
  HAS_WAITING_KEPT_DATA,
  RECORD_KEPT_TABLES,
  HAS_STALE_KEPT_TABLES,
} from './kept-places.ts'
import {
  LEDGER_MIGRATIONS,
  LEDGER_VERSION,
  type LedgerScene,
  HISTORY_TABLES,
} from './ledger-migrations.ts'
import { readLedgerVersion, refuseNewer } from './ledger-version.ts'

/** Sessions that hold the deploy lock and whose ledger is known to be current: no other session upgrades it in the meantime. */
const current = new WeakSet<Session>()

/**
 * Returns the layout of the ledger; 0 if there is none. Fails if this version does not know the layout
 * (HISTORY.LEDGER_NEWER), the role may not read the ledger (HISTORY.LEDGER_FORBIDDEN), or it is in another schema
 * (HISTORY.LEDGER_ELSEWHERE).
 */
export async function checkLedger(session: Session): Promise<number> {
  if (current.has(session)) return LEDGER_VERSION
  const version = await permitted(session, () => readLedgerVersion(session))
  if (version === LEDGER_VERSION && session.lockGuard !== undefined) current.add(session)
  if (version <= LEDGER_VERSION) return version
  return refuseNewer(version)
}

/**
 * Creates the ledger if it does not exist, and upgrades an older one in place, with one transaction for each step, so
 * that the next command finishes an upgrade that a crash interrupted. Needs the deploy lock.
 */
export async function prepareLedger(session: Session): Promise<void> {
  // SQL that ran in this session may have dropped it.
  current.delete(session)
  const version = await checkLedger(session)
  if (version < LEDGER_VERSION) await runSteps(session, version)
}

/**
 * Like `prepareLedger`, but creates no ledger, and corrects what a dump and a restore left inconsistent: sequences, and
 * the recorded tables of kept data. Returns whether there is a ledger. If there is none, fails with
 * HISTORY.LEDGER_SCHEMA if its schema contains other objects.
 */
export async function upgradeLedger(session: Session): Promise<boolean> {
  const version = await checkLedger(session)
  if (version === 0) {
    await refuseOccupied(session)
    return false
  }
  await permitted(session, async () => {
    if (version < LEDGER_VERSION) await runSteps(session, version)
    await settleLedger(session)
  })
  return true
}

/** Nothing else may be in the schema of the ledger, so that the project's objects can exclude the whole schema. */
async function refuseOccupied(session: Session): Promise<void> {
  const { rows } = await session.queryRaw(OCCUPIED, [session.ledger])
  const [plain, object] = rows[0] ?? []
  if (plain === 't' && !object) return
  raise('HISTORY.LEDGER_SCHEMA', {
    message: `The schema ${session.ledger} cannot hold the ledger of ${session.server.database}. Nothing was changed.`,
    why: object
      ? `It contains other objects, such as ${object}. The ledger needs its own schema.`
      : 'The name is a PostgreSQL keyword.',
    nextActions: [advice('Name an empty schema in ledger of slipway.config.ts.')],
  })
}

/** Whether a schema name needs no quotes, and one of the objects in the schema. */
const OCCUPIED = `SELECT quote_ident($1) = $1, (
  SELECT o.name FROM pg_namespace n CROSS JOIN LATERAL (
    SELECT relname AS name FROM pg_class WHERE relnamespace = n.oid
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = n.oid) AS o
  WHERE n.nspname = $1 ORDER BY 1 LIMIT 1)`

/** Reads first: a command that is refused afterwards should not have run even an UPDATE without matching rows. */
async function settleLedger(session: Session): Promise<void> {
  const looked = await session.queryRaw(
    inLedger(session, `SELECT ${BEHIND}, ${HAS_WAITING_KEPT_DATA}`),
  )
  const [behind, hasPlaces] = looked.rows[0] ?? []
  if (behind === 't') await executeLocked(session, inLedger(session, ADVANCE_SEQUENCES))
  if (hasPlaces !== 't') return
  const { rows } = await session.queryRaw(inLedger(session, HAS_STALE_KEPT_TABLES))
  const [found, moved] = rows[0] ?? []
  const settle = (sql: string) => executeLocked(session, inLedger(session, sql))
  if (found === 't') await settle(ASSIGN_KEPT_TABLES + RECORD_KEPT_TABLES)
  else if (moved === 't') await settle(RECORD_KEPT_TABLES)
}

/** Runs work on the ledger. Fails with HISTORY.LEDGER_FORBIDDEN: another project's role may have created the ledger. */
async function permitted<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.server?.sqlstate !== '42501') throw error
    // A role that may not even read the history needs that privilege first.
    const history = await attempt(() => readPrismaHistory(session))
    if (!history.ok && history.failure.server?.sqlstate === '42501') rethrow(history.failure)
    const { database, user } = session.server
    return raise('HISTORY.LEDGER_FORBIDDEN', {
      message: `The role ${user} may not use Slipway's tables in the schema ${session.ledger} of ${database}.`,
      why: `Another role created them. The projects of a database share them. The server reports: ${failure.server.message}`,
      nextActions: await ledgerGrants(session),
      server: failure.server,
    })
  }
}

/**
 * Commands that give a role access to the ledger: full access through the role of its owner, unless that is a
 * superuser, or enough for read-only commands.
 */
async function ledgerGrants(session: Session): Promise<NextAction[]> {
  const found = await attempt(() =>
    session.queryRaw(
      `SELECT r.rolsuper, quote_ident(r.rolname), quote_ident(current_user)
       FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'ledger'
       JOIN pg_roles r ON r.oid = c.relowner WHERE n.nspname = '${session.ledger}'`,
    ),
  )
  const [superuser, owner, role] = (found.ok ? found.value.rows[0] : undefined) ?? []
  if (!owner || !role) return []
  const tables = ['ledger', ...HISTORY_TABLES].map((table) => `${session.ledger}.${table}`)
  const reading = otherCommand(
    `GRANT USAGE ON SCHEMA ${session.ledger} TO ${role}; GRANT SELECT ON ${tables.join(', ')} TO ${role}`,
    'sufficient for read-only commands',
  )
  if (superuser === 't')
    return [reading, advice('A superuser owns the tables: see docs/guides/rights.md for deploys.')]
  const member = 'as that role or a superuser, then run the command again'
  return [otherCommand(`GRANT ${owner} TO ${role}`, member), reading]
}

async function runSteps(session: Session, from: number): Promise<void> {
  // Only a ledger in the usual schema can be from the time before a ledger had several histories.
  const histories = session.ledger === LEDGER_SCHEMA ? await readHistories(session) : []
  const scene = { history: session.server.schema, histories }
  for (const step of LEDGER_MIGRATIONS) {
    if (step.version > from) await executeLocked(session, inLedger(session, stepSql(step, scene)))
  }
}

/** One message without BEGIN is one transaction; within a transaction of the caller, it is part of that. */
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

/** Tables of the ledger whose IDs come from sequences. */
const NUMBERED = ['receipt', 'kept', 'attribute']

/** Whether a sequence may be behind its rows. */
const BEHIND = NUMBERED.map(
  (table) =>
    `(SELECT max(id) FROM slipway.${table}) > coalesce(pg_sequence_last_value(pg_get_serial_sequence('slipway.${table}', 'id')::regclass), 0)`,
)
  .map((behind) => `coalesce(${behind}, false)`)
  .join(' OR ')

/** Advances sequences that are behind their rows: restoring only the data does not set them. */
const ADVANCE_SEQUENCES = `DO $$
DECLARE
  one text;
  counter text;
BEGIN
  FOREACH one IN ARRAY ARRAY[${NUMBERED.map(quoteLiteral).join(', ')}] LOOP
    counter := pg_get_serial_sequence('slipway.' || one, 'id');
    CONTINUE WHEN counter IS NULL;
    EXECUTE format('SELECT setval(%L, max(id)) FROM slipway.%I HAVING max(id) >= (
      SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM %s)', counter, one, counter);
  END LOOP;
END $$;
`

/**
 * SQL that removes all data of this session's history from the ledger, including kept data; empty if there is no
 * ledger. The data of other projects in the database stays.
 */
export async function forgetLedgerSql(session: Session): Promise<string> {
  if ((await checkLedger(session)) === 0) return ''
  const history = quoteLiteral(session.server.schema)
  const { rows } = await session.queryRaw(
    `SELECT format('DROP TABLE IF EXISTS ${session.ledger}.%I CASCADE;', stored_as) FROM ${session.ledger}.kept
     WHERE history_schema = ${history} AND stored_as IS NOT NULL ORDER BY id`,
  )
  return [
    ...rows.flatMap(([drop]) => drop ?? []),
    ...HISTORY_TABLES.map(
      (table) => `DELETE FROM ${session.ledger}.${table} WHERE history_schema = ${history};`,
    ),
  ].join('\n')
}
