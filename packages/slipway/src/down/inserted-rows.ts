import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { InsertedRows, ObjectName, Statement } from '../statements/index.ts'

interface Inserted extends InsertedRows {
  readonly table: ObjectName
}

/**
 * The statements that delete the rows that a migration inserted into existing tables, the last one first.
 * Only rows whose keys are literals in the migration can be found. A row to which others refer stays, because
 * those are not the migration's. The migration has just run on `session`.
 */
export async function deletesOfInserted(
  session: Session,
  statements: readonly Statement[],
  before: DatabaseSchema,
): Promise<string[]> {
  const all = statements.flatMap(({ actions }) =>
    actions.flatMap((action): Inserted[] =>
      action.kind === 'insert' && action.inserted
        ? [{ table: action.table, ...action.inserted }]
        : [],
    ),
  )
  if (all.length === 0) return []
  const known = await readKeys(session, all)
  return all.toReversed().flatMap((inserted) => {
    const table = known.get(written(inserted.table))
    return table && tableNamed(before, table) ? deleteOf(inserted, table) : []
  })
}

function written({ schema, name }: ObjectName): string {
  return [schema, name]
    .flatMap((part) => (part === undefined ? [] : quoteIdentifier(part)))
    .join('.')
}

/** A table with its unique keys, and the foreign keys that refer to it. */
interface KeyedTable {
  readonly schema: string
  readonly name: string
  /** Whether its child tables have rows of their own, which may have the same keys. */
  readonly inherited: boolean
  /** The columns of each unique index, those of the primary key first. */
  readonly keys: readonly (readonly string[])[]
  readonly referrers: readonly {
    readonly table: string
    /** Whether it is the table itself. */
    readonly own: boolean
    readonly columns: readonly string[]
    readonly referenced: readonly string[]
  }[]
}

const KEYS = `SELECT jsonb_agg(
    (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, at)
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number WHERE k.at <= i.indnkeyatts)
    ORDER BY i.indisprimary DESC, i.indexrelid)
  FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL`

const REFERRERS = `SELECT jsonb_agg(jsonb_build_object('table', f.conrelid::regclass::text, 'own', f.conrelid = c.oid,
    'columns', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(f.conkey) WITH ORDINALITY k (number, at)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
    'referenced', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(f.confkey) WITH ORDINALITY k (number, at)
                   JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)) ORDER BY f.conname)
  FROM pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f' AND f.conparentid = 0`

/** The tables into which rows were inserted, by their names in the statements. */
async function readKeys(
  session: Session,
  all: readonly Inserted[],
): Promise<ReadonlyMap<string, KeyedTable>> {
  const names = [...new Set(all.map(({ table }) => quoteLiteral(written(table))))]
  const rows = await session.query<{ asked: string; table: KeyedTable }>(
    `SELECT asked, jsonb_build_object('schema', n.nspname, 'name', c.relname,
       'inherited', c.relhassubclass AND c.relkind <> 'p',
       'keys', coalesce((${KEYS}), '[]'), 'referrers', coalesce((${REFERRERS}), '[]')) AS table
     FROM unnest(ARRAY[${names.join(', ')}]) AS asked
     JOIN pg_class c ON c.oid = to_regclass(asked) JOIN pg_namespace n ON n.oid = c.relnamespace`,
  )
  return new Map(rows.map(({ asked, table }) => [asked, table]))
}

function deleteOf({ columns, rows }: Inserted, table: KeyedTable): string[] {
  const key = table.keys.find((names) => names.every((name) => isGiven(name, { columns, rows })))
  if (key === undefined || rows.length === 0) return []
  const places = key.map((name) => columns.indexOf(name))
  const wanted = rows.map((row) => listOf(places.map((at) => quoteLiteral(row[at] ?? ''))))
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`
  const referred = table.referrers.map(
    (by) =>
      ` AND NOT EXISTS (SELECT FROM ${by.table} AS referrer WHERE ${by.columns
        .map(
          (column, at) =>
            `referrer.${quoteIdentifier(column)} = ${name}.${quoteIdentifier(by.referenced[at] ?? '')}`,
        )
        .join(' AND ')})`,
  )
  // Rows of the statement may refer to earlier ones.
  const isSelfReferring = table.referrers.some(({ own }) => own)
  const parts = isSelfReferring ? wanted.toReversed() : [wanted.join(', ')]
  return parts.map(
    (part) =>
      `DELETE FROM ${table.inherited ? 'ONLY ' : ''}${name} WHERE ${listOf(key.map(quoteIdentifier))} IN (${part})${referred.join('')}`,
  )
}

function isGiven(name: string, { columns, rows }: InsertedRows): boolean {
  const at = columns.indexOf(name)
  return at !== -1 && rows.every((row) => row[at] !== undefined)
}

function listOf(items: readonly string[]): string {
  return items.length === 1 ? (items[0] ?? '') : `(${items.join(', ')})`
}
