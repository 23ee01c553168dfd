import { LEDGER_SCHEMA, type Session } from '../../database/index.ts'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { lateValueSql } from './late-value.ts'
import { LEDGER_VERSION } from './ledger-migrations.ts'

/** Whether the role may read the ledger. */
const READABLE = `has_schema_privilege(schema, 'USAGE') AND has_table_privilege(ledger, 'SELECT')`

/**
 * The layout of the ledger on this database; 0 if there is none, or under a condition that does not hold. Raises no
 * error on the server, unless the role may not read the ledger.
 */
export async function readLedgerVersion(session: Session, condition?: string): Promise<number> {
  const [schema, version] = await readLayout(session, condition)
  refuseElsewhere(session, schema)
  return Number(version ?? 0)
}

/** The schema of the ledger, and its layout if it is the expected schema and the condition holds. */
async function readLayout(session: Session, condition = 'true') {
  const version = lateValueSql(
    `SELECT coalesce(max(version), 0)::text FROM ${session.ledger}.ledger`,
  )
  const { rows } = await session.queryRaw(
    `SELECT nspname, CASE WHEN nspname = $1 AND ${condition} THEN ${version} END FROM (${LEDGERS}) AS found`,
    [session.ledger],
  )
  return rows[0] ?? []
}

/** The schema that has tables of these names; the expected schema comes first. */
const LEDGERS = `SELECT n.nspname, n.oid AS schema, c.oid AS ledger FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = 'ledger' AND c.relkind = 'r' AND EXISTS (
    SELECT FROM pg_class o WHERE o.relnamespace = n.oid AND o.relname IN ('schema_state', 'catalog_state'))
  ORDER BY n.nspname <> $1, n.nspname LIMIT 1`

function refuseElsewhere({ ledger, server }: Session, found: string | null | undefined): void {
  if (!found || found === ledger) return
  raise('HISTORY.LEDGER_ELSEWHERE', {
    message: `The ledger of ${server.database} is in the schema ${found}, but this project keeps it in ${ledger}. Nothing was changed.`,
    why: 'A database has one ledger, which all its projects share.',
    nextActions: [
      advice(
        found === LEDGER_SCHEMA
          ? 'Remove ledger from slipway.config.ts.'
          : `Write ledger: { schema: '${found}' } in slipway.config.ts.`,
      ),
    ],
  })
}

/** Fails with HISTORY.LEDGER_NEWER. */
export function refuseNewer(version: number): never {
  return raise('HISTORY.LEDGER_NEWER', {
    message: `The ledger of this database has layout ${version}; this version of Slipway supports layouts up to ${LEDGER_VERSION}.`,
    why: 'A newer version of Slipway worked on this database, for this project or another one in it.',
    nextActions: [advice('Update slipway in this project.')],
  })
}

/** Fails like `checkLedger`, but not if the role may not read the ledger, which reading commands do not need. */
export async function refuseNewerLedgerOnPostgres(session: Session): Promise<void> {
  const version = await readLedgerVersion(session, READABLE)
  if (version > LEDGER_VERSION) refuseNewer(version)
}

/** The layout of the ledger if this version does not know it and the role may read it. */
export async function newerLedgerOnPostgres(session: Session): Promise<number | undefined> {
  const [, layout] = await readLayout(session, READABLE)
  const version = Number(layout ?? 0)
  return version > LEDGER_VERSION ? version : undefined
}
