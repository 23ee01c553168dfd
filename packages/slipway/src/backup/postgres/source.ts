import { inSnapshot, type Session } from '../../database/index.ts'
import { historyTable } from '../../history/index.ts'
import { fingerprint, readCatalogInTransaction } from '../../schema/index.ts'
import type { DumpFacts } from '../dump.ts'
import { historyFacts } from '../history-facts.ts'
import { TEXT_RULES, type TextRules } from './databases.ts'

/** An exported snapshot, and facts about its contents. */
export interface Source {
  readonly snapshot: string
  readonly facts: Omit<DumpFacts, 'pgDump'>
}

// A type alias: a row of a query has an index signature, which an interface lacks.
type FactsRow = TextRules & {
  readonly snapshot: string
  readonly now: string
  readonly bytes: string
  readonly extensions: readonly string[]
  readonly roles: readonly string[]
  readonly superusers: readonly string[]
}

/** Opens a snapshot of a database, and passes it to `work` with its contents. It is always closed. */
export async function withSource<T>(
  session: Session,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  return await inSnapshot(session, async () => {
    // No timeout may interrupt a backup.
    await session.execute(
      'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
    )
    const [row] = await session.query<FactsRow>(FACTS)
    const history = await readHistoryThere(session)
    const { method, hash } = fingerprint(await readCatalogInTransaction(session))
    const { version, versionNumber, encoding, database } = session.server
    const facts: Source['facts'] = {
      createdAt: row?.now ?? '',
      database,
      databaseBytes: Number(row?.bytes ?? 0),
      server: {
        version,
        versionNumber,
        encoding,
        collate: row?.collate ?? '',
        ctype: row?.ctype ?? '',
        provider: row?.provider ?? 'libc',
        locale: row?.locale ?? null,
      },
      ...history,
      fingerprint: { method, hash },
      extensions: row?.extensions ?? [],
      roles: row?.roles ?? [],
      superusers: row?.superusers ?? [],
    }
    return await work({ snapshot: row?.snapshot ?? '', facts })
  })
}

async function readHistoryThere(
  session: Session,
): Promise<Pick<DumpFacts, 'lastMigration' | 'historyHash'>> {
  const [there] = await session.query<{ there: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS there',
    [historyTable(session)],
  )
  // A failed query would abort the transaction, so the table is checked first.
  return there?.there ? await historyFacts(session) : { lastMigration: null, historyHash: null }
}

/**
 * SQL of what the server's first superuser owns. pg_shdepend has no entries for this role, whose OID is always
 * 10. Source: PostgreSQL docs, "pg_shdepend"; `BOOTSTRAP_SUPERUSERID` in pg_authid.dat.
 */
const OWNED_BY_FIRST = `SELECT FROM (
    SELECT 'pg_class'::regclass AS class, oid, relowner AS owner, relnamespace AS namespace FROM pg_class
      WHERE relkind NOT IN ('i', 'I', 't')
    UNION ALL SELECT 'pg_proc'::regclass, oid, proowner, pronamespace FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid, typowner, typnamespace FROM pg_type
    UNION ALL SELECT 'pg_namespace'::regclass, oid, nspowner, oid FROM pg_namespace) AS o
  JOIN pg_namespace n ON n.oid = o.namespace
  WHERE o.owner = 10 AND o.oid >= 16384 AND n.nspname NOT LIKE 'pg\\_%' AND NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = o.class AND e.objid = o.oid AND e.deptype IN ('e', 'i'))`

/** SQL of the facts; roles are those that own objects of the dump or have privileges on them. */
const FACTS = `
  SELECT pg_export_snapshot() AS snapshot,
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now,
    ${TEXT_RULES}, pg_database_size(d.oid)::text AS bytes,
    ARRAY(SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1) AS extensions,
    ARRAY(SELECT DISTINCT rolname::text FROM (
        SELECT refobjid AS role FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND dbid = d.oid AND deptype IN ('o', 'a', 'r')
        UNION ALL SELECT 10 WHERE EXISTS (${OWNED_BY_FIRST})) AS used
      JOIN pg_roles r ON r.oid = used.role WHERE rolname NOT LIKE 'pg\\_%' ORDER BY 1) AS roles,
    ARRAY(SELECT DISTINCT pg_get_userbyid(owner)::text FROM (
        SELECT 'pg_event_trigger'::regclass AS class, oid, evtowner AS owner FROM pg_event_trigger
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_authid'::regclass, 10, 10) AS owned
      WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = owned.class AND e.objid = owned.oid AND e.deptype = 'e')
      ORDER BY 1) AS superusers
  FROM pg_database d WHERE d.datname = current_database()`
