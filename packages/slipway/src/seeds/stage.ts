import { quoteIdentifier, type Session } from '../database/index.ts'
import { advice, type Emit, failureOf } from '../kernel/index.ts'
import { copyLine, shapeOf } from './copy-text.ts'
import { raise } from './failures.ts'
import { flattened, type Layout, layOut } from './references.ts'
import { isFile, type PlacedRow, queryOf, rowsOf } from './rows.ts'
import type { SeedSet, SeedSetTable, SeedValue } from './set.ts'
import type { TargetTable, TargetTables } from './target-tables.ts'

/** Rows of a seed in a temporary table of the session, each with its number `n` from 1. */
export interface Staged {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly layout: Layout
  /** The temporary table: `n` and a column for each cell of the layout. */
  readonly relation: string
  readonly rows: number
}

export interface StageOptions {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly tables: TargetTables
  /** Makes the names of the temporary tables of a transaction differ. */
  readonly at: number
  readonly emit: Emit
}

const CHUNK = 256 * 1024
const ROWS_AN_EVENT = 100_000

/**
 * Streams the rows of a table of a set into a temporary table, which ends with the transaction. Nothing is held
 * whole. Fails with SEEDS.COLUMN_UNKNOWN, SEEDS.ROW_INVALID (with the row's place) and SEEDS.FILE_INVALID.
 */
export async function stage(session: Session, options: StageOptions): Promise<Staged> {
  const { set, table, target, at } = options
  const query = await queryOf(table)
  if (query !== undefined) return await stageQuery(session, options, query)
  const source = rowsOf(table)[Symbol.asyncIterator]()
  const first = await source.next()
  const isReference = referenceTest(target)
  const head = first.done ? undefined : flattened(first.value.row, isReference)
  const fields = head ? Object.keys(head) : [...table.key]
  const layout = placed(options, fields)
  const relation = `slipway_seed_${at}`
  await session.execute(createSql(relation, layout))
  if (head === undefined) return { set, table, target, layout, relation, rows: 0 }
  const rows = await copy(session, options, { layout, relation, first: first.value, source })
  await session.execute(`ANALYZE ${relation}`)
  return { set, table, target, layout, relation, rows }
}

/** A field may hold an object that is a natural key, unless its column takes documents. */
export function referenceTest(target: TargetTable): (field: string) => boolean {
  return (field) => {
    const mapped = target.model?.members.find(({ name }) => name === field)?.mapped ?? field
    return target.foreignKeys.some(({ columns }) => columns.includes(mapped))
  }
}

function placed({ set, target, tables }: StageOptions, fields: readonly string[]): Layout {
  const layout = layOut(tables, target, fields)
  if ('cells' in layout) return layout
  const { field } = layout
  return raise('SEEDS.COLUMN_UNKNOWN', {
    message: `${target.name} has no column ${field}, which rows of ${set.name} name.`,
    why: field.includes('.')
      ? 'A field with dots must go along a foreign key of one column.'
      : 'A field must be a column, or a field of the model, that takes values.',
    nextActions: [advice(`Its columns are ${target.columns.map(({ name }) => name).join(', ')}.`)],
    where: { file: set.file },
  })
}

function createSql(relation: string, { cells }: Layout): string {
  const columns = cells.map(({ staged, column }) => `, ${staged} ${column.type}`)
  return `CREATE TEMPORARY TABLE ${relation} (n bigint GENERATED ALWAYS AS IDENTITY${columns.join('')}) ON COMMIT DROP`
}

interface Copying {
  readonly layout: Layout
  readonly relation: string
  readonly first: PlacedRow
  readonly source: AsyncIterator<PlacedRow>
}

async function copy(session: Session, options: StageOptions, copying: Copying): Promise<number> {
  const { layout, relation } = copying
  const columns = layout.cells.map(({ staged }) => staged).join(', ')
  try {
    return await session.copyIn(
      `COPY ${relation} (${columns}) FROM STDIN`,
      chunksOf(options, copying),
    )
  } catch (error) {
    return await refuseRow(error, options, layout)
  }
}

async function* chunksOf(
  options: StageOptions,
  { layout, first, source }: Copying,
): AsyncGenerator<string> {
  const { target, set, emit } = options
  const isReference = referenceTest(target)
  const fields = layout.cells.map(({ field }) => field)
  const known = new Set(fields)
  const shapes = layout.cells.map(({ column }) => shapeOf(column.type))
  let chunk = ''
  let count = 0
  for (let next: IteratorResult<PlacedRow> = { done: false, value: first }; !next.done;) {
    const row = flattened(next.value.row, isReference) as Readonly<Record<string, SeedValue>>
    count++
    for (const field in row) {
      const value = row[field]
      if (!known.has(field) && value !== undefined && value !== null) {
        refuseField({ set, target, field, row: count, line: next.value.line })
      }
    }
    chunk += copyLine(
      fields.map((field) => row[field]),
      shapes,
    )
    if (chunk.length >= CHUNK) {
      yield chunk
      chunk = ''
    }
    if (count % ROWS_AN_EVENT === 0) {
      const detail = `${set.name}: ${count.toLocaleString('en-US')} rows of ${target.name}`
      emit({ kind: 'phase', phase: 'seed', detail })
    }
    next = await source.next()
  }
  if (chunk !== '') yield chunk
}

interface Stray {
  readonly set: SeedSet
  readonly target: TargetTable
  readonly field: string
  readonly row: number
  readonly line: number | undefined
}

/** The first row says which columns there are; the temporary table has no others. */
function refuseField({ set, target, field, row, line }: Stray): never {
  return raise('SEEDS.ROW_INVALID', {
    message: `Row ${row} of ${target.name} in ${set.name} names ${field}, which the first row does not.`,
    why: 'All rows of a table name the same fields; null stands for no value.',
    nextActions: [advice(`Give the first row the field ${field}, if need be with null.`)],
    where: { file: set.file, ...(line === undefined ? {} : { line }) },
  })
}

async function refuseRow(error: unknown, options: StageOptions, layout: Layout): Promise<never> {
  const failure = failureOf(error)
  const { server } = failure ?? {}
  if (!failure || server?.copied === undefined) throw error
  const { set, table, target } = options
  const { line: row, column } = server.copied
  const cell = layout.cells.find(({ staged }) => staged === column)
  const where = await placeOfRow(set, table, row)
  const at = where.line === undefined ? `row ${row}` : `line ${where.line}`
  return raise('SEEDS.ROW_INVALID', {
    message: cell
      ? `${cell.field} at ${at} of ${table.name} in ${set.name} does not fit its column.`
      : `A row at ${at} of ${table.name} in ${set.name} does not fit.`,
    why: cell
      ? `${target.name}.${cell.column.name} is ${cell.column.type}: ${server.message}.`
      : `${server.message}.`,
    nextActions: [advice('Nothing was written. Correct the row and run the seeds again.')],
    where,
    server,
    cause: error,
  })
}

/** Files are read again up to the row, for a line can be more than one row and less than one. */
export async function placeOfRow(
  set: SeedSet,
  table: SeedSetTable,
  row: number,
): Promise<{ file: string; line?: number }> {
  if (!isFile(table.rows)) return { file: set.file }
  const { file } = table.rows
  let at = 0
  for await (const { line } of rowsOf(table)) {
    at++
    if (at === row) return { file, ...(line === undefined ? {} : { line }) }
  }
  return { file }
}

/** The server runs the query that gives the rows; its columns are the fields. */
async function stageQuery(session: Session, options: StageOptions, query: string): Promise<Staged> {
  const { set, table, target, at } = options
  const { columns } = await session.queryRaw(`SELECT * FROM (${query}\n) AS seed LIMIT 0`)
  const layout = placed(
    options,
    columns.map(({ name }) => name),
  )
  const relation = `slipway_seed_${at}`
  await session.execute(createSql(relation, layout))
  const names = layout.cells.map(({ staged }) => staged).join(', ')
  const fields = layout.cells.map(({ field }) => quoteIdentifier(field)).join(', ')
  const { affected } = await session.queryRaw(
    `INSERT INTO ${relation} (${names}) SELECT ${fields} FROM (${query}\n) AS seed`,
  )
  return { set, table, target, layout, relation, rows: affected }
}
