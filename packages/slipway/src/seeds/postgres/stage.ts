import { createHash, type Hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { quoteIdentifier, type Session } from '../../database/index.ts'
import { advice, attempt, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Layout } from '../references.ts'
import {
  acceptShape,
  openSource,
  placed,
  placeOfRow,
  refuseQuery,
  refuseInvalidValue,
  type Source,
  type StageOptions,
  takeNext,
} from '../row-source.ts'
import { formOf, isRepeatable, queryOf } from '../rows.ts'
import type { SeedSet, SeedSetTable } from '../set.ts'
import { shapeProblem, type Shapes } from '../shapes.ts'
import {
  columnOf,
  isFilledByClient,
  type TargetTable,
  type TargetTables,
} from '../target-tables.ts'
import { lineWriter } from './copy-text.ts'

/** Rows of a seed in a temporary table, each with its number `n`, counted from 1, and its shape `g`. */
export interface Staged {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly tables: TargetTables
  readonly layout: Layout
  /** The fields of rows, by `g`. */
  readonly shapes: Shapes
  /** The temporary table: `n`, `g` and a column for each cell of the layout. */
  readonly relation: string
  readonly rows: number
  /** The copied content; absent if the server ran a query, or if rows omit different fields. */
  readonly content?: Content
}

/** The rows as sent: their number, columns, and the SHA-256 of their text. */
export interface Content {
  readonly rows: number
  readonly columns: readonly string[]
  readonly checksum: string
}

const CHUNK = 256 * 1024
const ROWS_AN_EVENT = 100_000

/**
 * Streams the rows of a table of a set into a temporary table, which is dropped at the end of the
 * transaction. Fails with SEEDS.COLUMN_UNKNOWN, SEEDS.ROW_INVALID (with the row's place), and the codes of
 * `rowsOf`.
 */
export async function stage(session: Session, options: StageOptions): Promise<Staged> {
  const { set, table, target, tables, at } = options
  const query = await queryOf(table, 'postgres')
  if (query !== undefined) return await stageQuery(session, options, query)
  const source = await openSource(options)
  const relation = `slipway_seed_${at}`
  try {
    await session.execute(createSql(relation, source.layout))
    const digest = digestOf(table)
    while (source.pending) {
      const before = source.layout.cells.length
      await copy(session, options, { source, relation, digest })
      const added = source.layout.cells.slice(before)
      if (added.length > 0) await session.execute(addCellsSql(relation, source.layout, before))
    }
    const { layout, finder, rows } = source
    if (rows > 0) await session.execute(`ANALYZE ${relation}`)
    const isEven = finder.shapes.length < 2
    const content = isEven ? { content: contentOf(source, digest) } : {}
    return { set, table, target, tables, layout, shapes: finder.shapes, relation, rows, ...content }
  } finally {
    await source.close()
  }
}

/**
 * Reads the rows of a table only for their checksum. Undefined for one-time rows, references, or several
 * shapes.
 */
export async function readContent(options: StageOptions): Promise<Content | undefined> {
  const { table } = options
  if (!isRepeatable(table.rows) || (await queryOf(table, 'postgres')) !== undefined)
    return undefined
  const source = await openSource(options)
  try {
    if (isBound(source.layout)) return undefined
    const digest = digestOf(table)
    for await (const { text } of chunksOf(options, source)) digest.update(text)
    return source.pending || source.finder.shapes.length > 1 ? undefined : contentOf(source, digest)
  } finally {
    await source.close()
  }
}

/** Whether a column cannot be copied directly: it is a reference, or rows use two fields for it. */
function isBound({ columns }: Layout): boolean {
  return columns.some(({ plain, references }) => references.length > 0 || plain.length > 1)
}

/**
 * Begins the checksum of the rows as sent. Rows that were only inserted if missing may differ in the table, so
 * their checksum must not prove equal rows after a change of the mode.
 */
function digestOf({ mode }: SeedSetTable): Hash {
  const digest = createHash('sha256')
  return mode === 'insert-missing' ? digest.update(`${mode}\n`) : digest
}

function contentOf({ layout, rows }: Source, digest: Hash): Content {
  const columns = layout.columns.map(({ column }) => column.name)
  return { rows, columns, checksum: digest.digest('hex') }
}

/**
 * Copies the rows of a table of a set directly into its empty table, and returns the copied content.
 * Undefined, with nothing copied, if references or missing values require a merge, or if the server rejects a
 * row.
 */
export async function copyWhole(
  session: Session,
  options: StageOptions,
): Promise<Content | undefined> {
  const { table, target } = options
  if (!isRepeatable(table.rows) || (await queryOf(table, 'postgres')) !== undefined)
    return undefined
  const source = await openSource(options)
  try {
    const given = new Set(source.layout.columns.map(({ column }) => column))
    const complete = target.columns.every(
      (column) =>
        given.has(column) ||
        column.generated ||
        column.hasDefault ||
        !(column.notNull || isFilledByClient(target, column)),
    )
    const keyed = table.key.every((field) => {
      const column = columnOf(target, field)
      return column?.notNull && given.has(column)
    })
    if (isBound(source.layout) || !complete || !keyed) return undefined
    const digest = digestOf(table)
    await session.execute('SAVEPOINT slipway_copy')
    const copied = await attempt(() => copy(session, options, { source, digest }))
    const whole = copied.ok && !source.pending && source.finder.shapes.length < 2
    await session.execute(
      whole ? 'RELEASE SAVEPOINT slipway_copy' : 'ROLLBACK TO SAVEPOINT slipway_copy',
    )
    return whole ? contentOf(source, digest) : undefined
  } finally {
    await source.close()
  }
}

function createSql(relation: string, { cells }: Layout): string {
  const columns = cells.map(({ staged, column }) => `, ${staged} ${column.type}`)
  return `CREATE TEMPORARY TABLE ${relation} (n bigint GENERATED ALWAYS AS IDENTITY, g integer NOT NULL DEFAULT 0${columns.join('')}) ON COMMIT DROP`
}

function addCellsSql(relation: string, { cells }: Layout, from: number): string {
  const added = cells.slice(from).map(({ staged, column }) => `ADD COLUMN ${staged} ${column.type}`)
  return `ALTER TABLE ${relation} ${added.join(', ')}`
}

interface Copying {
  readonly source: Source
  /** The temporary table; if absent, rows are copied into the table of the target. */
  readonly relation?: string
  readonly digest: Hash
}

/** Copies rows up to the first with a field that the layout lacks, and adds the field to the layout. */
async function copy(session: Session, options: StageOptions, copying: Copying): Promise<void> {
  const { source, relation, digest } = copying
  const { cells, columns } = source.layout
  const names = relation
    ? ['g', ...cells.map(({ staged }) => staged)]
    : columns.map(({ column }) => quoteIdentifier(column.name))
  const before = source.rows
  async function* texts(): AsyncGenerator<string> {
    for await (const { text, marked } of chunksOf(options, source)) {
      digest.update(text)
      yield relation ? marked : text
    }
  }
  try {
    const sql = `COPY ${relation ?? options.target.id} (${names.join(', ')}) FROM STDIN`
    await session.copyIn(sql, texts())
  } catch (error) {
    return await refuseRow(error, options, { cells, before })
  }
}

interface Chunk {
  readonly text: string
  /** The same lines, each preceded by the shape of its row. */
  readonly marked: string
}

/** The lines of rows, up to the first row with a field that the layout lacks. */
async function* chunksOf(options: StageOptions, source: Source): AsyncGenerator<Chunk> {
  const { target, set, table, emit } = options
  const { layout, finder } = source
  const writer = lineWriter(layout.cells, formOf(table))
  let [text, marked] = ['', '']
  while (source.pending) {
    const { row, line } = source.pending
    const { number, isNew } = finder.of(row)
    if (isNew && !acceptShape(options, source, finder.shapes[number] ?? new Set())) break
    source.rows++
    try {
      const written = writer.line(row)
      text += written
      marked += `${number}\t${written}`
    } catch (error) {
      refuseInvalidValue(error, options, { field: writer.at, row: source.rows, line })
    }
    if (text.length >= CHUNK) {
      yield { text, marked }
      text = marked = ''
      // Synchronous rows would never yield to the event loop, so signals would not be handled.
      await nextTurn()
    }
    if (source.rows % ROWS_AN_EVENT === 0) {
      const detail = `${set.name}: ${source.rows.toLocaleString('en-US')} rows of ${target.name}`
      emit({ kind: 'phase', phase: 'seed', detail })
    }
    await takeNext(source, options)
  }
  if (text !== '') yield { text, marked }
}

async function refuseRow(
  error: unknown,
  options: StageOptions,
  { cells, before }: { readonly cells: Layout['cells']; readonly before: number },
): Promise<never> {
  const failure = failureOf(error)
  const { server } = failure ?? {}
  if (!failure || server?.copied === undefined) throw error
  const { set, table, target } = options
  const { line, column } = server.copied
  const row = before + line
  const cell = cells.find(({ staged }) => staged === column)
  const where = await placeOfRow(set, table, row)
  const at = where.line === undefined ? `row ${row}` : `line ${where.line}`
  return raise('SEEDS.ROW_INVALID', {
    message: cell
      ? `${cell.field} at ${at} of ${table.name} in ${set.name} is not valid for its column.`
      : `A row at ${at} of ${table.name} in ${set.name} is not valid.`,
    why: cell
      ? `${target.name}.${cell.column.name} is ${cell.column.type}: ${server.message}.`
      : `${server.message}.`,
    nextActions: [advice('Nothing was written. Correct the row and run the seeds again.')],
    where,
    server,
    cause: error,
  })
}

/** Stages the rows of a query, which the server runs; its columns are the fields. */
async function stageQuery(session: Session, options: StageOptions, query: string): Promise<Staged> {
  const { set, table, target, tables, at } = options
  const { columns } = await session.queryRaw(`SELECT * FROM (${query}\n) AS seed LIMIT 0`)
  const layout = placed(
    options,
    columns.map(({ name }) => name),
  )
  const shape = new Set(layout.fields)
  const why = shapeProblem(layout, shape)
  if (why !== undefined) return refuseQuery(options, why)
  const relation = `slipway_seed_${at}`
  await session.execute(createSql(relation, layout))
  const names = layout.cells.map(({ staged }) => staged).join(', ')
  const fields = layout.cells.map(({ field }) => `seed.${quoteIdentifier(field)}`).join(', ')
  const { affected } = await session.queryRaw(
    `INSERT INTO ${relation} (${names}) SELECT ${fields} FROM (${query}\n) AS seed`,
  )
  return { set, table, target, tables, layout, shapes: [shape], relation, rows: affected }
}
