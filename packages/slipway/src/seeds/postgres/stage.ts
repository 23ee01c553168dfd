import { createHash, type Hash } from 'node:crypto'
import { quoteIdentifier, type Session } from '../../database/index.ts'
import { advice, attempt, type Emit, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { flattened, type Layout, layOut } from '../references.ts'
import { isFile, isRepeatable, type PlacedRow, queryOf, rowsOf } from '../rows.ts'
import type { SeedSet, SeedSetTable } from '../set.ts'
import { columnOf, type TargetTable, type TargetTables } from '../target-tables.ts'
import { copyLine, shapeOf } from './copy-text.ts'

/** Rows of a seed in a temporary table of the session, each with its number `n` from 1. */
export interface Staged {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly layout: Layout
  /** The temporary table: `n` and a column for each cell of the layout. */
  readonly relation: string
  readonly rows: number
  /** What was copied; absent if the server ran a query. */
  readonly content?: Content
}

/** Rows as they were sent: how many, in which columns, and the SHA-256 of their text. */
export interface Content {
  readonly rows: number
  readonly columns: readonly string[]
  readonly checksum: string
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
  const source = await openSource(options)
  const { layout } = source
  const relation = `slipway_seed_${at}`
  await session.execute(createSql(relation, layout))
  const columns = layout.cells.map(({ staged }) => staged)
  const content = await copy(session, options, { source, relation, columns })
  if (content.rows > 0) await session.execute(`ANALYZE ${relation}`)
  return { set, table, target, layout, relation, rows: content.rows, content }
}

/** Reads the rows of a table of a set, and sends them nowhere. Nothing if they can be read but once, or refer to others. */
export async function readContent(options: StageOptions): Promise<Content | undefined> {
  const { table } = options
  if (!isRepeatable(table.rows) || (await queryOf(table)) !== undefined) return undefined
  const source = await openSource(options)
  if (source.layout.references.length > 0) {
    await source.close()
    return undefined
  }
  const digest = createHash('sha256')
  let rows = 0
  for await (const { text, count } of chunksOf(options, source)) {
    digest.update(text)
    rows = count
  }
  return contentOf(source, rows, digest)
}

function contentOf({ layout }: Source, rows: number, digest: Hash): Content {
  const columns = layout.columns.map(({ name }) => name)
  return { rows, columns, checksum: digest.digest('hex') }
}

/**
 * Copies the rows of a table of a set right into its empty table, where nothing needs to be found or filled; gives
 * what was copied. Gives nothing, and leaves nothing, where that cannot be done or the server refuses a row.
 */
export async function copyWhole(
  session: Session,
  options: StageOptions,
): Promise<Content | undefined> {
  const { table, target } = options
  if (!isRepeatable(table.rows) || (await queryOf(table)) !== undefined) return undefined
  const source = await openSource(options)
  const { columns, references } = source.layout
  const given = new Set(columns)
  const complete = target.columns.every(
    (column) => given.has(column) || column.generated || column.hasDefault || !column.notNull,
  )
  const keyed = table.key.every((field) => columnOf(target, field)?.notNull)
  if (references.length > 0 || !complete || !keyed) {
    await source.close()
    return undefined
  }
  const names = columns.map(({ name }) => quoteIdentifier(name))
  await session.execute('SAVEPOINT slipway_copy')
  const copied = await attempt(() =>
    copy(session, options, { source, relation: target.id, columns: names }),
  )
  await session.execute(
    copied.ok ? 'RELEASE SAVEPOINT slipway_copy' : 'ROLLBACK TO SAVEPOINT slipway_copy',
  )
  return copied.ok ? copied.value : undefined
}

/** The rows of a table, of which the first has been read: it says which fields there are. */
interface Source {
  readonly layout: Layout
  readonly first: PlacedRow | undefined
  readonly rest: AsyncGenerator<PlacedRow>
  close(): Promise<void>
}

async function openSource(options: StageOptions): Promise<Source> {
  const { table, target } = options
  const rest = rowsOf(table)
  const next = await rest.next()
  const first = next.done ? undefined : next.value
  const head = first && flattened(first.row, referenceTest(target))
  const layout = placed(options, head ? Object.keys(head) : [...table.key])
  return { layout, first, rest, close: async () => void (await rest.return(undefined)) }
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
    message: `Rows of ${set.name} name the column ${field}, which ${target.name} does not have.`,
    why: field.includes('.')
      ? 'A field with dots must follow a foreign key of one column.'
      : 'A field must be a writable column, or a field of the model.',
    nextActions: [advice(`Its columns are ${target.columns.map(({ name }) => name).join(', ')}.`)],
    where: { file: set.file },
  })
}

function createSql(relation: string, { cells }: Layout): string {
  const columns = cells.map(({ staged, column }) => `, ${staged} ${column.type}`)
  return `CREATE TEMPORARY TABLE ${relation} (n bigint GENERATED ALWAYS AS IDENTITY${columns.join('')}) ON COMMIT DROP`
}

interface Copying {
  readonly source: Source
  /** Where the rows go, and into which of its columns. */
  readonly relation: string
  readonly columns: readonly string[]
}

async function copy(
  session: Session,
  options: StageOptions,
  { source, relation, columns }: Copying,
): Promise<Content> {
  const digest = createHash('sha256')
  if (source.first === undefined) return contentOf(source, 0, digest)
  async function* texts(): AsyncGenerator<string> {
    for await (const { text } of chunksOf(options, source)) {
      digest.update(text)
      yield text
    }
  }
  try {
    const sql = `COPY ${relation} (${columns.join(', ')}) FROM STDIN`
    const rows = await session.copyIn(sql, texts())
    return contentOf(source, rows, digest)
  } catch (error) {
    return await refuseRow(error, options, source.layout)
  }
}

interface Chunk {
  readonly text: string
  /** Rows up to its end. */
  readonly count: number
}

async function* chunksOf(
  options: StageOptions,
  { layout, first, rest }: Source,
): AsyncGenerator<Chunk> {
  const { target, set, emit } = options
  const isReference = referenceTest(target)
  const fields = layout.cells.map(({ field }) => field)
  const known = new Set(fields)
  const shapes = layout.cells.map(({ column }) => shapeOf(column.type))
  const refersOn = target.foreignKeys.length > 0
  let chunk = ''
  let count = 0
  for (let placedRow = first; placedRow !== undefined;) {
    const given = placedRow.row
    const row = (refersOn ? flattened(given, isReference) : given) as typeof given
    count++
    for (const field in row) {
      if (known.has(field)) continue
      const value = row[field]
      if (value === undefined || value === null) continue
      refuseField({ set, target, field, row: count, line: placedRow.line })
    }
    chunk += copyLine(row, fields, shapes)
    if (chunk.length >= CHUNK) {
      yield { text: chunk, count }
      chunk = ''
    }
    if (count % ROWS_AN_EVENT === 0) {
      const detail = `${set.name}: ${count.toLocaleString('en-US')} rows of ${target.name}`
      emit({ kind: 'phase', phase: 'seed', detail })
    }
    const next = await rest.next()
    placedRow = next.done ? undefined : next.value
  }
  if (chunk !== '') yield { text: chunk, count }
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
    why: 'All rows of a table name the same fields; write null for a missing value.',
    nextActions: [advice(`Give the first row the field ${field}, with null if it has no value.`)],
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

/** Files are read again up to the row, because a line can be more than one row and less than one. */
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
