import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import type { ServerFacts } from '../manifest.ts'

/** The maximum length of a name, in bytes. */
const LONGEST = 63

/**
 * The names of the restored database while it is filled (`made`), and of the replaced one afterwards (`old`).
 */
export interface SwapNames {
  readonly database: string
  readonly made: string
  readonly old: string
  /** The part of `made` that all restores of the database share. */
  readonly prefix: string
}

/** The names for a replacement that starts at `at`. */
export function swapNames(database: string, at: Date): SwapNames {
  const stamp = at.toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const named = (word: string) => {
    const end = `_${word}_${stamp}`
    let begin = database
    while (Buffer.byteLength(begin + end) > LONGEST) begin = begin.slice(0, -1)
    return begin + end
  }
  const made = named('restore')
  return { database, made, old: named('before'), prefix: made.slice(0, -stamp.length) }
}

/**
 * Whether a database has user objects: anything except the schema `public`, system objects, and those of
 * extensions. Types of arrays and rows depend on another object, which counts.
 */
export async function holdsObjects(session: Session): Promise<boolean> {
  const [row] = await session.query<{ holds: boolean }>(`
    WITH own AS (SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
    SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM own)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
      OR EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM own)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
      OR EXISTS (SELECT FROM pg_type t WHERE t.typnamespace IN (SELECT oid FROM own)
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i')))
      OR EXISTS (SELECT FROM own JOIN pg_namespace n USING (oid) WHERE n.nspname <> 'public'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'))
      OR EXISTS (SELECT FROM pg_largeobject_metadata) AS holds`)
  return row?.holds ?? true
}

/** How a database stores and sorts text. */
export type TextRules = Pick<ServerFacts, 'encoding' | 'collate' | 'ctype' | 'provider' | 'locale'>

/**
 * The columns of `TextRules`, from pg_database as `d`. Before PostgreSQL 15 there is only libc;
 * `daticulocale` was renamed.
 */
export const TEXT_RULES = `pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate, d.datctype::text AS ctype,
    CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale`

/** The options of CREATE DATABASE for these text rules, with template0, so that the database is empty. */
export function localeSql({ encoding, collate, ctype, provider, locale }: TextRules): string {
  const text = `TEMPLATE template0 ENCODING ${quoteLiteral(encoding)} LC_COLLATE ${quoteLiteral(collate)} LC_CTYPE ${quoteLiteral(ctype)}`
  if (locale === null || provider === 'libc') return text
  const name = provider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE'
  return `${text} LOCALE_PROVIDER ${provider} ${name} ${quoteLiteral(locale)}`
}

// A type alias: a row of a query has an index signature, which an interface lacks.
type DatabaseTemplate = TextRules & {
  readonly owner: string
  readonly connections: number
  readonly settings: readonly { readonly role: string | null; readonly setting: string }[]
  readonly grants: readonly {
    readonly grantee: string | null
    readonly privilege: string
    readonly grantable: boolean
  }[]
  readonly has_grants: boolean
}

/**
 * The comment on a new database while it is being restored. The next restore of the same database drops it if
 * no session uses it. The comment has the whole name: the name of the new database can be that of another's.
 */
function unfinishedComment(database: string): string {
  return `slipway backup restore of ${database}`
}

/**
 * The state of a database before it has that comment: CREATE DATABASE cannot set a comment, and the server
 * completes it even if the process that sent it was killed.
 */
const UNMARKED = 'ALLOW_CONNECTIONS false CONNECTION LIMIT 0'
const IS_UNMARKED = `NOT d.datallowconn AND d.datconnlimit = 0 AND length(d.datname) = length($1) + 14 AND d.datname ~ '[0-9]{14}$'`

/** SQL statements, to be run one by one, that drop what killed restores of the database left. */
export async function dropLeftoversSql(
  session: Session,
  { database, prefix }: SwapNames,
): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT d.datname::text AS name FROM pg_database d
     WHERE starts_with(d.datname, $1)
       AND coalesce(shobj_description(d.oid, 'pg_database') = $2, ${IS_UNMARKED})
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
       AND pg_has_role(d.datdba, 'MEMBER')`,
    [prefix, unfinishedComment(database)],
  )
  return rows.map(({ name }) => `DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`)
}

/**
 * SQL statements that create an empty database like the session's: encoding, locale, owner, settings and
 * privileges. Each must be run on its own, because CREATE DATABASE cannot run in a transaction.
 */
export async function createLikeSql(session: Session, name: string): Promise<string[]> {
  const [template] = await session.query<DatabaseTemplate>(TEMPLATE)
  if (template === undefined) return []
  const database = quoteIdentifier(name)
  return [
    `CREATE DATABASE ${database} OWNER ${quoteIdentifier(template.owner)} ${localeSql(template)} ${UNMARKED}`,
    `COMMENT ON DATABASE ${database} IS ${quoteLiteral(unfinishedComment(session.server.database))}`,
    `ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS true CONNECTION LIMIT ${template.connections}`,
    ...template.settings.map(({ role, setting }) => settingSql(database, role, setting)),
    ...(template.has_grants ? [`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`] : []),
    ...template.grants.map(
      ({ grantee, privilege, grantable }) =>
        `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === null ? 'PUBLIC' : quoteIdentifier(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
    ),
  ]
}

/** Settings whose value is a list of names, stored with their quotes. */
const LISTS = [
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
]

function settingSql(database: string, role: string | null, setting: string): string {
  const at = setting.indexOf('=')
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)]
  const text = LISTS.includes(name.toLowerCase()) && value !== '' ? value : quoteLiteral(value)
  const alterTarget =
    role === null
      ? `ALTER DATABASE ${database}`
      : `ALTER ROLE ${quoteIdentifier(role)} IN DATABASE ${database}`
  return `${alterTarget} SET ${name.split('.').map(quoteIdentifier).join('.')} TO ${text}`
}

const TEMPLATE = `
  SELECT ${TEXT_RULES},
    pg_get_userbyid(d.datdba)::text AS owner, d.datconnlimit AS connections,
    coalesce((SELECT json_agg(json_build_object('role', r.rolname, 'setting', setting))
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS setting
      WHERE s.setdatabase = d.oid), '[]') AS settings,
    d.datacl IS NOT NULL AS has_grants,
    coalesce((SELECT json_agg(json_build_object('grantee', r.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable))
      FROM aclexplode(d.datacl) AS a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> d.datdba), '[]') AS grants
  FROM pg_database d WHERE d.datname = current_database()`

/**
 * SQL that gives a restored database the name of the one that it replaces, in one transaction, so that one of
 * the two always has the name. While it runs, the server accepts no connections to them, and waits some
 * seconds for other sessions to end.
 */
export function renameSql({ database, made, old }: SwapNames): string {
  const [name, from, to] = [database, made, old].map(quoteIdentifier)
  return `BEGIN;
    ALTER DATABASE ${name} RENAME TO ${to};
    ALTER DATABASE ${from} RENAME TO ${name};
    COMMENT ON DATABASE ${name} IS NULL;
    COMMIT`
}

/** SQL that terminates other sessions in both databases. */
export function endSessionsSql({ database, made }: SwapNames): string {
  return `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname IN (${quoteLiteral(database)}, ${quoteLiteral(made)}) AND pid <> pg_backend_pid()`
}
