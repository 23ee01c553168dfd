import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import type { ShapeColumn, ShapeTable } from '../shape.ts'
import { setSequences } from './generated-rows.ts'
import { cycleOf, type Series, seriesOf } from './series.ts'

/** A table that was filled. */
export interface ScaledTable {
  readonly table: ShapeTable
  readonly wanted: number
  /** Its number of rows: fewer than wanted if its constraints or the time allowed no more. */
  readonly rows: number
  /** Inserts the rows from one number to another, its two parameters; absent if no row could be generated. */
  readonly insert?: string
}

/** Which tables to fill, and how. */
export interface Scale {
  /** All tables of the shadow database. */
  readonly tables: readonly ShapeTable[]
  /** The number of rows by the id of the table. Referenced tables are filled, too, with enough rows for the keys. */
  readonly wanted: ReadonlyMap<string, number>
  /** Columns without duplicates, as `table column`, in addition to those with a unique index. */
  readonly distinct: ReadonlySet<string>
  /** When to stop inserting, on the clock of `performance.now()`. */
  readonly until: number
}

const PARENT_ROWS = 1000
const CHUNK = 50_000
const PROBE = 100

/**
 * Fills tables of a shadow database with many rows, tens of thousands with each statement. Values differ from row
 * to row if the types allow it, foreign keys refer to existing rows, and columns are NULL only if they must be.
 * Rows that constraints refuse are tried again with fewer different values, then with the literals of the checks,
 * and then omitted.
 */
export async function fillToScale(session: Session, scale: Scale): Promise<ScaledTable[]> {
  const quick = await attempt(() => session.execute('SET session_replication_role = replica'))
  const byId = new Map(scale.tables.map((table) => [table.id, table]))
  const rows = new Map<string, number>()
  const filled: ScaledTable[] = []
  for (const table of parentsFirst(scale, byId)) {
    const wanted = scale.wanted.get(table.id) ?? PARENT_ROWS
    const { distinct, until } = scale
    const insert = await fill(session, { table, wanted, rows, byId, distinct, until })
    const count = await countOf(session, table)
    rows.set(table.id, count)
    filled.push({ table, wanted, rows: count, ...(insert === undefined ? {} : { insert }) })
  }
  if (quick.ok) await session.execute('RESET session_replication_role')
  await setSequences(session, Math.max(0, ...rows.values()) * 2 + PROBE)
  for (const { table } of filled) await session.execute(`VACUUM (ANALYZE) ${table.id}`)
  return filled.filter(({ table }) => scale.wanted.has(table.id))
}

/** The tables and all tables that they refer to, each after those that it refers to, unless they form a cycle. */
function parentsFirst(
  { wanted, tables }: Scale,
  byId: ReadonlyMap<string, ShapeTable>,
): readonly ShapeTable[] {
  const ordered = new Set<ShapeTable>()
  const entered = new Set<ShapeTable>()
  const visit = (table: ShapeTable | undefined) => {
    if (table === undefined || entered.has(table)) return
    entered.add(table)
    for (const reference of table.references) visit(byId.get(reference.table))
    ordered.add(table)
  }
  for (const table of tables) if (wanted.has(table.id)) visit(table)
  return [...ordered]
}

interface Job extends Pick<Scale, 'distinct' | 'until'> {
  readonly table: ShapeTable
  readonly wanted: number
  readonly byId: ReadonlyMap<string, ShapeTable>
  /** The number of rows of the tables that are already filled. */
  readonly rows: ReadonlyMap<string, number>
}

/** How values are generated, in the order of the attempts: all different, then as in the few rows of a test run. */
const FILL_STYLES = ['series', 'plain', 'hinted', 'digits'] as const
type FillStyle = (typeof FILL_STYLES)[number]

/** Fills a table, and returns the statement that worked. */
async function fill(session: Session, job: Job): Promise<string | undefined> {
  let next = 0
  let worked: string | undefined
  for (const style of FILL_STYLES) {
    const insert = insertOf(job, style)
    if (insert === undefined || !(await passes(session, insert, next))) continue
    worked = insert
    next = await fillOn(session, { ...job, insert, from: next })
    if (next >= job.wanted || performance.now() > job.until) break
  }
  return worked
}

/** Whether the constraints accept a few rows, which are then rolled back. */
async function passes(session: Session, insert: string, from: number): Promise<boolean> {
  await session.execute('BEGIN')
  const tried = await attempt(() => session.queryRaw(insert, [from, from + PROBE - 1]))
  await session.execute('ROLLBACK')
  return tried.ok && tried.value.affected > 0
}

/** Continues until there are enough rows, or no more fit; returns the number of the next row. */
async function fillOn(
  session: Session,
  job: Job & { readonly insert: string; readonly from: number },
): Promise<number> {
  const { insert, wanted, until } = job
  let next = job.from
  while (next < wanted && performance.now() < until) {
    const end = Math.min(next + CHUNK, wanted)
    const run = await attempt(() => session.queryRaw(insert, [next, end - 1]))
    if (!run.ok || run.value.affected === 0) break
    next = end
  }
  return next
}

/** Inserts the rows from one number to another, its two parameters. */
function insertOf(job: Job, style: FillStyle): string | undefined {
  const { table } = job
  const cells = table.columns
    .filter(({ generated }) => !generated)
    .flatMap((column) => {
      const value = cellOf(job, column, style)?.('row')
      return value === undefined ? [] : [{ column, value: `CAST(${value} AS ${column.type})` }]
    })
  if (cells.length === 0) return undefined
  const columns = cells.map(({ column }) => quoteIdentifier(column.name)).join(', ')
  const values = cells.map(({ value }) => value).join(', ')
  return `INSERT INTO ${table.id} (${columns}) OVERRIDING SYSTEM VALUE
    SELECT ${values} FROM generate_series($1::bigint, $2::bigint) AS row ON CONFLICT DO NOTHING`
}

function cellOf(job: Job, column: ShapeColumn, style: FillStyle): Series | undefined {
  const { table, distinct } = job
  const key = `${table.id} ${column.name}`
  const reference = referenceOf(job, table, column.name, new Set([key]))
  if (reference) return reference
  const different =
    style === 'series' ||
    table.primaryKey.includes(column.name) ||
    table.unique.includes(column.name) ||
    distinct.has(key)
  const valueStyle = style === 'series' ? 'plain' : style
  return (different ? seriesOf(column) : undefined) ?? cycleOf(column, valueStyle)
}

/**
 * The key of a row that a column refers to. If a table has several references, each further one advances by a row for
 * each round of the first, so that pairs of keys do not repeat.
 */
function referenceOf(
  job: Pick<Job, 'byId' | 'rows'>,
  table: ShapeTable,
  column: string,
  seen: ReadonlySet<string>,
): Series | undefined {
  const number = table.references.findIndex(({ columns }) => columns.includes(column))
  const reference = table.references[number]
  const parent = reference && job.byId.get(reference.table)
  const name = reference?.referenced[reference.columns.indexOf(column)] ?? ''
  const found = parent?.columns.find((one) => one.name === name)
  const key = `${parent?.id} ${name}`
  if (!reference || !parent || !found || seen.has(key)) return undefined
  const further = referenceOf(job, parent, name, new Set([...seen, key])) ?? seriesOf(found)
  const of = (one: string) => Math.max(job.rows.get(one) ?? PARENT_ROWS, 1)
  const first = of(table.references[0]?.table ?? '')
  return (
    further &&
    ((row) => further(`((${row}) + ${number} * ((${row}) / ${first})) % ${of(parent.id)}`))
  )
}

async function countOf(session: Session, { id }: ShapeTable): Promise<number> {
  const [row] = await session.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${id}`)
  return row?.rows ?? 0
}
