import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import type { ComparedValues } from '../../statements/index.ts'
import type { Filling, RowStyle } from '../filling.ts'
import type { ShapeColumn, ShapeTable } from '../shape.ts'
import { type ValueStyle, valueOf } from './generated-values.ts'

const ROWS = 6
/** The most additional rows, with values that a migration looks for. */
const COMPARED_ROWS = 12

/**
 * Fills the tables of a shadow database with a few rows each, on which a migration will run: with the limits of the
 * types, NULL where it is allowed and duplicates where they are allowed, or with plain values. If a constraint
 * refuses a row, it is tried again with plainer values, and omitted if those are refused, too. `compared` adds rows
 * with the values that a migration looks for.
 */
export async function fillTables(
  session: Session,
  tables: readonly ShapeTable[],
  style: RowStyle,
  compared: readonly ComparedValues[] = [],
): Promise<Filling> {
  if (style === 'none') return { style, ...(await countRows(session, tables)) }
  const quick = await attempt(() => session.execute('SET session_replication_role = replica'))
  const byId = new Map(tables.map((table) => [table.id, table]))
  const options = { style, tables: byId, referenced: referencedColumns(tables), compared }
  const refused = await insertWhole(session, tables, options)
  if (refused.length > 0)
    await session.execute(refused.map((table) => insertBlock(table, options)).join('\n'))
  if (quick.ok) {
    await dropOrphans(session, tables)
    await session.execute('RESET session_replication_role')
  }
  await setSequences(session, ROWS + COMPARED_ROWS + 10)
  return { style, ...(await countRows(session, tables)) }
}

/** Deletes all rows of the tables. */
export async function emptyTables(session: Session, tables: readonly ShapeTable[]): Promise<void> {
  if (tables.length === 0) return
  await session.execute(`TRUNCATE ${tables.map(({ id }) => id).join(', ')} CASCADE`)
}

/** Inserts all rows of a table in one subtransaction, which is fast; returns the tables that refused a row. */
async function insertWhole(
  session: Session,
  tables: readonly ShapeTable[],
  options: RowOptions,
): Promise<readonly ShapeTable[]> {
  const blocks = tables.map((table, at) => {
    const inserts = rowsOf(table, options).map((row) => insertRow(table, row, options))
    return `BEGIN ${inserts.join(' ')} EXCEPTION WHEN OTHERS THEN refused := refused || ' ${at}'; END;`
  })
  const end = `PERFORM set_config('slipway.refused', refused, false);`
  await session.execute(
    `DO ${quoteLiteral(`DECLARE refused text := ''; BEGIN ${blocks.join(' ')} ${end} END`)}`,
  )
  const [found] = await session.query<{ refused: string }>(
    `SELECT current_setting('slipway.refused') AS refused`,
  )
  const places = (found?.refused ?? '').split(' ').filter(Boolean).map(Number)
  return places.flatMap((at) => tables[at] ?? [])
}

/** One block for a table, with a subtransaction for each row. */
function insertBlock(table: ShapeTable, options: RowOptions): string {
  const styles = new Set<ValueStyle>([options.style, 'plain', 'hinted', 'digits'])
  const body = rowsOf(table, options).map((row) =>
    [row, ...(row.given ? [{ at: row.at }] : [])]
      .flatMap((one) => [...styles].map((style) => insertRow(table, one, { ...options, style })))
      .reduceRight(
        (rest, insert) => `BEGIN ${insert} EXCEPTION WHEN OTHERS THEN ${rest} END;`,
        'NULL;',
      ),
  )
  return `DO ${quoteLiteral(`BEGIN ${body.join(' ')} END`)};`
}

interface RowOptions {
  readonly style: ValueStyle
  readonly tables: ReadonlyMap<string, ShapeTable>
  /** Columns that foreign keys reference, as `table column`. */
  readonly referenced: ReadonlySet<string>
  readonly compared: readonly ComparedValues[]
}

/** A row of a table: its number, and values that it must have. */
interface GeneratedRow {
  readonly at: number
  readonly given?: ComparedValues
}

/** The usual rows, and those that a migration looks for in a table. */
function rowsOf({ columns }: ShapeTable, { compared }: RowOptions): GeneratedRow[] {
  const names = new Set(columns.map(({ name }) => name))
  const given = compared.filter((values) => Object.keys(values).some((name) => names.has(name)))
  return [
    ...Array.from({ length: ROWS }, (_, at) => ({ at })),
    ...given.slice(0, COMPARED_ROWS).map((values, index) => ({ at: ROWS + index, given: values })),
  ]
}

function insertRow(table: ShapeTable, row: GeneratedRow, options: RowOptions): string {
  const cells = table.columns
    .filter(({ generated }) => !generated)
    .map((column) => ({ column, value: cell(table, column, { row, ...options }) }))
    .filter(({ value }) => value !== undefined)
  if (cells.length === 0) return `INSERT INTO ${table.id} DEFAULT VALUES;`
  const columns = cells.map(({ column }) => quoteIdentifier(column.name)).join(', ')
  const values = cells
    .map(({ value }) => (value === null ? 'NULL' : quoteLiteral(value ?? '')))
    .join(', ')
  return `INSERT INTO ${table.id} (${columns}) OVERRIDING SYSTEM VALUE VALUES (${values});`
}

/** The last row repeats the one before it if it may; the second one has NULL if it may. */
function cell(
  table: ShapeTable,
  column: ShapeColumn,
  {
    row: { at: row, given },
    style,
    tables,
    referenced: keys,
  }: RowOptions & { readonly row: GeneratedRow },
): string | null | undefined {
  const distinct = table.unique.includes(column.name)
  const reference = table.references.find(({ columns }) => columns.includes(column.name))
  const wanted = given?.[column.name]
  if (wanted !== undefined && !reference) return wanted
  if (row === 1 && !column.notNull && (style === 'edge' || style === 'sparse')) return null
  const at = !distinct && style === 'edge' && row === ROWS - 1 ? row - 1 : row
  if (reference) {
    const other = referenced(reference, column.name, tables)
    return other ? valueOf(other, at % ROWS, { style: 'plain', distinct: true }) : undefined
  }
  // Referenced values are the same in every row style, so that a reference does not depend on how they were generated.
  const key = keys.has(`${table.id} ${column.name}`) || table.primaryKey.includes(column.name)
  return (
    valueOf(column, at, { style: key ? 'plain' : style, distinct }) ??
    (column.notNull ? undefined : null)
  )
}

/** The column at the end of a chain of references: all columns of the chain have its value. */
function referenced(
  reference: ShapeTable['references'][number],
  column: string,
  tables: ReadonlyMap<string, ShapeTable>,
  seen: ReadonlySet<string> = new Set(),
): ShapeColumn | undefined {
  const table = tables.get(reference.table)
  const name = reference.referenced[reference.columns.indexOf(column)] ?? ''
  const found = table?.columns.find((one) => one.name === name)
  const further = table?.references.find(({ columns }) => columns.includes(name))
  const key = `${reference.table} ${name}`
  if (further === undefined || seen.has(key)) return found
  return referenced(further, name, tables, new Set([...seen, key]))
}

function referencedColumns(tables: readonly ShapeTable[]): ReadonlySet<string> {
  return new Set(
    tables.flatMap(({ references }) =>
      references.flatMap(({ table, referenced: names }) => names.map((name) => `${table} ${name}`)),
    ),
  )
}

/** Deletes rows whose referenced row was refused, until none is left: with triggers off, nothing else checks them. */
async function dropOrphans(session: Session, tables: readonly ShapeTable[]): Promise<void> {
  const deletes = tables.flatMap(({ id, references }) =>
    references.map(({ columns, table, referenced: others }) => {
      const whole = columns
        .map((name) => `child.${quoteIdentifier(name)} IS NOT NULL`)
        .join(' AND ')
      const same = columns
        .map(
          (name, at) =>
            `parent.${quoteIdentifier(others[at] ?? '')} = child.${quoteIdentifier(name)}`,
        )
        .join(' AND ')
      return `DELETE FROM ${id} child WHERE ${whole} AND NOT EXISTS (SELECT FROM ${table} parent WHERE ${same});`
    }),
  )
  if (deletes.length === 0) return
  const loop = deletes.map(
    (sql) => `${sql} GET DIAGNOSTICS gone = ROW_COUNT; total := total + gone;`,
  )
  const body = `DECLARE gone bigint; total bigint; BEGIN LOOP total := 0; ${loop.join(' ')} EXIT WHEN total = 0; END LOOP; END`
  await session.execute(`DO ${quoteLiteral(body)}`)
}

/** Moves all sequences past the rows, as if they had numbered them. */
export async function setSequences(session: Session, at: number): Promise<void> {
  await session.execute(
    `DO ${quoteLiteral(`DECLARE s record; BEGIN
    FOR s IN SELECT c.oid::regclass AS name, q.seqmin, q.seqmax FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_sequence q ON q.seqrelid = c.oid WHERE c.relkind = 'S' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    LOOP PERFORM setval(s.name, least(greatest(${at}, s.seqmin), s.seqmax)); END LOOP; END`)}`,
  )
}

async function countRows(
  session: Session,
  tables: readonly ShapeTable[],
): Promise<Omit<Filling, 'style'>> {
  if (tables.length === 0) return { rows: 0, empty: [], valueless: [] }
  const counts = tables.map(
    ({ id }) =>
      `SELECT ${quoteLiteral(id)} AS id, ${quoteLiteral(id)}::regclass::text AS name, count(*)::int AS rows FROM ${id}`,
  )
  const rows = await session.query<{ id: string; name: string; rows: number }>(
    counts.join(' UNION ALL '),
  )
  return {
    rows: rows.reduce((sum, one) => sum + one.rows, 0),
    empty: rows.filter((one) => one.rows === 0).map(({ id, name }) => ({ id, name })),
    valueless: rows.flatMap(({ id, name }) => {
      const columns = valuelessColumns(tables.find((table) => table.id === id))
      return columns.length > 0 ? [{ id, name, columns }] : []
    }),
  }
}

function valuelessColumns(table: ShapeTable | undefined): string[] {
  const columns = table?.columns ?? []
  return columns.flatMap((column) => {
    const value = valueOf({ ...column, array: false }, 0, { style: 'plain', distinct: false })
    return column.generated || value !== undefined ? [] : [column.name]
  })
}
