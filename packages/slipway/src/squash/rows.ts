import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { readShape, type ShapeTable } from '../shadow/index.ts'
import type { SchemaRef, TableRef } from '../statements/index.ts'
import type { State } from './state.ts'

const ROWS_PER_STATEMENT = 100

/** Returns the name of a table, a sequence or a view in the SQL. */
export type Naming = (schema: SchemaRef, name: string) => string

/** Rows that a history wrote into a table, as SQL that writes them again. */
export interface TableRows {
  readonly table: TableRef
  readonly rows: number
  readonly statements: readonly string[]
}

/** Properties of a table, beyond its shape, that an INSERT depends on. */
interface TableKind {
  readonly partitioned: boolean
  /** Whether a column is GENERATED ALWAYS AS IDENTITY, which needs OVERRIDING SYSTEM VALUE. */
  readonly identity: boolean
}

/**
 * Reads the rows that a history left in a shadow database. The server itself quotes the text of each
 * value; generated columns are left out. Tables are sorted by name, rows by key and text, so the order is
 * always the same.
 */
export async function readTableRows(session: Session, naming: Naming): Promise<TableRows[]> {
  const tables = await readShape(session)
  const kinds = await readKinds(session)
  const found: TableRows[] = []
  for (const table of tables) {
    const kind = kinds.get(table.id) ?? { partitioned: false, identity: false }
    const values = await readValues(session, table, kind)
    if (values.length === 0) continue
    const statements = insertsOf(table, kind, { values, naming })
    found.push({ table: table.ref, rows: values.length, statements })
  }
  return found
}

async function readKinds(session: Session): Promise<Map<string, TableKind>> {
  const { rows } = await session.queryRaw(
    `SELECT c.oid::regclass::text, c.relkind = 'p',
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity = 'a')
     FROM pg_class c WHERE c.relkind IN ('r', 'p')`,
  )
  return new Map(
    rows.map(([id, partitioned, identity]) => [
      id ?? '',
      { partitioned: partitioned === 't', identity: identity === 't' },
    ]),
  )
}

async function readValues(
  session: Session,
  table: ShapeTable,
  { partitioned }: TableKind,
): Promise<string[]> {
  const columns = writable(table).map(
    ({ name }) => `quote_nullable(${quoteIdentifier(name)}::text)`,
  )
  const row = columns.length === 0 ? `''` : columns.join(` || ', ' || `)
  const key = table.primaryKey.map(quoteIdentifier)
  // An inheritance parent has rows of its own; a partitioned table has none.
  const from = `${partitioned ? '' : 'ONLY '}${table.id}`
  const { rows } = await session.queryRaw(
    `SELECT ${row} AS slipway_row FROM ${from} ORDER BY ${[...key, 'slipway_row'].join(', ')}`,
  )
  return rows.map(([values]) => values ?? '')
}

function writable({ columns }: ShapeTable): ShapeTable['columns'] {
  return columns.filter(({ generated }) => !generated)
}

function insertsOf(
  table: ShapeTable,
  { identity }: TableKind,
  { values, naming }: { readonly values: readonly string[]; readonly naming: Naming },
): string[] {
  const columns = writable(table).map(({ name }) => quoteIdentifier(name))
  const into = `INSERT INTO ${naming(table.ref.schema, table.ref.name)}`
  if (columns.length === 0) return values.map(() => `${into} DEFAULT VALUES`)
  const head = `${into} (${columns.join(', ')})${identity ? ' OVERRIDING SYSTEM VALUE' : ''} VALUES\n`
  const statements: string[] = []
  for (let at = 0; at < values.length; at += ROWS_PER_STATEMENT) {
    const part = values.slice(at, at + ROWS_PER_STATEMENT)
    statements.push(head + part.map((row) => `  (${row})`).join(',\n'))
  }
  return statements
}

/**
 * Statements that set sequences to the positions in which a history left them, and refresh materialized
 * views.
 */
export function afterRows({ sequences, views }: State, naming: Naming, wrote: boolean): string[] {
  const moved = [...sequences.values()].filter(({ fresh }) => !fresh)
  return [
    ...moved.map(
      ({ schema, name, value, called }) =>
        `SELECT setval(${quoteLiteral(naming(schema, name))}, ${value}, ${called})`,
    ),
    ...[...views.values()].flatMap(({ schema, name, sum }) => {
      const refresh = `REFRESH MATERIALIZED VIEW ${naming(schema, name)}`
      // A materialized view is filled when it is created.
      if (sum === undefined) return [`${refresh} WITH NO DATA`]
      return wrote ? [refresh] : []
    }),
  ]
}
