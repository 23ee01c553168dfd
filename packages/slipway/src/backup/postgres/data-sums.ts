import { quoteIdentifier, type Session } from '../../database/index.ts'
import type { DataSums, TableSum } from '../manifest.ts'

/** Types whose native hash represents the exact value; values of other types are hashed as text. */
const EXACT = [
  'bool',
  'int2',
  'int4',
  'int8',
  'uuid',
  'bytea',
  'date',
  'time',
  'timestamp',
  'timestamptz',
]
const TEXTS = ['text', 'varchar', 'name']

// A type alias: a row of a query has an index signature, which an interface lacks.
type TableRow = {
  readonly schema: string
  readonly table: string
  readonly names: readonly string[]
  readonly exact: readonly boolean[]
}

/** How checksums are computed. */
interface SumForm {
  readonly method: DataSums['method'] | undefined
  /** The version of the server whose checksums they are compared with. */
  readonly versionNumber: number
}

/**
 * Computes checksums of the rows of all tables in the session's snapshot, except tables whose rows are
 * skipped. To compare them with recorded ones, name the form of these. The session must be in a transaction.
 * Fails on a table that the role cannot read.
 */
export async function readDataSums(
  session: Session,
  excluded: readonly string[],
  form: SumForm = { method: 'bytes', versionNumber: session.server.versionNumber },
): Promise<DataSums> {
  const left = new Set(excluded)
  const tables: TableSum[] = []
  for (const one of await session.query<TableRow>(TABLES, [EXACT, TEXTS])) {
    if (left.has(`${one.schema}.${one.table}`)) continue
    tables.push(await sumOf(session, one, form))
  }
  const [large] = await session.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM pg_largeobject_metadata',
  )
  const sequences = await readSequences(session)
  const { method } = form
  return { ...(method && { method }), tables, sequences, largeObjects: large?.count ?? 0 }
}

/**
 * The positions of all sequences. Sequences are not part of a snapshot, so other sessions may advance them
 * meanwhile.
 */
export async function readSequences(session: Session): Promise<DataSums['sequences']> {
  const sequences: [string, string][] = []
  for (const { schema, name } of await session.query<{ schema: string; name: string }>(SEQUENCES)) {
    const [at] = await session.query<{ position: string }>(
      `SELECT last_value || CASE WHEN is_called THEN '' ELSE ' (not given)' END AS position FROM ${place(schema, name)}`,
    )
    sequences.push([`${schema}.${name}`, at?.position ?? ''])
  }
  return Object.fromEntries(sequences)
}

/** The positions of sequences during the dump; `4 to 9` for a sequence that moved. */
export function movedSequences(
  before: DataSums['sequences'],
  after: DataSums['sequences'],
): DataSums['sequences'] {
  const moved = Object.entries(before).map(([name, first]): [string, string] => {
    const last = after[name] ?? first
    return [name, first === last ? first : `${first} to ${last}`]
  })
  return Object.fromEntries(moved)
}

async function sumOf(session: Session, row: TableRow, form: SumForm): Promise<TableSum> {
  const { schema, table } = row
  const [found] = await session.query<{ rows: string; sum: string | null }>(
    `SELECT count(*)::text AS rows, sum(${hashSql(row, form)})::text AS sum FROM ONLY ${place(schema, table)} AS t`,
  )
  return { schema, table, rows: Number(found?.rows ?? 0), sum: found?.sum ?? '0' }
}

/** SQL of the hash of a row `t`; before PostgreSQL 14, of its text. */
function hashSql({ names, exact }: TableRow, { method, versionNumber }: SumForm): string {
  if (names.length === 0) return '0'
  const cells = names.map((name, at) => {
    const cell = `t.${quoteIdentifier(name)}`
    if (exact[at]) return cell
    // Some collations make different texts equal, and so their hashes.
    return method === 'bytes' ? `${cell}::text COLLATE "C"` : `${cell}::text`
  })
  return versionNumber >= 140_000
    ? `hash_record_extended(ROW(${cells.join(', ')}), 0)`
    : `hashtextextended(ROW(${cells.join(', ')})::text, 0)`
}

function place(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** A condition for user objects: not in a system schema, and not part of an extension. */
const DUMPED = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS "table", coalesce(array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attnum > 0), '{}') AS names,
    array_agg(t.typnamespace = 'pg_catalog'::regnamespace AND (t.typname = ANY ($1)
      OR t.typname = ANY ($2) AND coalesce(l.collisdeterministic, true)) ORDER BY a.attnum) AS exact
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND ${DUMPED}
  GROUP BY 1, 2 ORDER BY 1, 2`

const SEQUENCES = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ${DUMPED} ORDER BY 1, 2`
