import { setImmediate as nextTurn } from 'node:timers/promises'
import { quoteIdentifier, type Session } from '../../database/index.ts'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Layout } from '../references.ts'
import {
  acceptShape,
  openSource,
  placed,
  refuseQuery,
  refuseInvalidValue,
  type Source,
  type StageOptions,
  takeNext,
} from '../row-source.ts'
import { formOf, isFile, queryOf } from '../rows.ts'
import type { SeedRow, SeedSet, SeedSetTable } from '../set.ts'
import { shapeProblem, type Shapes } from '../shapes.ts'
import type { TargetColumn, TargetTable, TargetTables } from '../target-tables.ts'
import { type Filler, fillersOf } from './fillers.ts'
import { affinityOf, type LiteralWriter, literalWriter } from './literals.ts'

/**
 * Rows of a seed as SQL that inserts them into a table of the script, each with its number `n`, from 1, and
 * shape `g`.
 */
export interface Staged {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly tables: TargetTables
  readonly layout: Layout
  /** The fields of rows, by `g`. */
  readonly shapes: Shapes
  /** The number of the table in its script. */
  readonly at: number
  readonly relation: string
  /** SQL that creates and fills the table. */
  readonly sql: string
  /** The line of each row in its file, if known. */
  readonly lines: readonly (number | undefined)[]
  readonly fillers: readonly Filler[]
}

/** Options for staging on SQLite. */
export interface SqliteStageOptions extends StageOptions {
  /** Columns that store timestamps as numbers. */
  readonly numericTimes: ReadonlySet<TargetColumn>
}

/** The name prefix of a script's tables, which exist only while the script runs. */
export const SCRIPT_TABLE = '_slipway_seed_'

/**
 * The maximum length of an INSERT with several rows, in characters. Cloudflare D1 allows statements of 100
 * KB.
 */
const INSERT_CHARACTERS = 20_000
const D1_STATEMENT_BYTES = 100_000

const ROWS_A_TURN = 1000

/**
 * Reads all rows of a table of a set, because they are sent as one script. Fails with SEEDS.COLUMN_UNKNOWN,
 * SEEDS.ROW_INVALID (with the row's place), and the codes of `rowsOf`.
 */
export async function stageSqlite(session: Session, options: SqliteStageOptions): Promise<Staged> {
  const { set, table, target, tables, at } = options
  const base = { set, table, target, tables, at, relation: `${SCRIPT_TABLE}${at}` }
  const query = await queryOf(table, 'sqlite')
  if (query !== undefined)
    return { ...base, ...(await stagedQuery(session, options, query)), lines: [], fillers: [] }
  const source = await openSource(options)
  try {
    const read = await readAll(source, options)
    const { layout, finder } = source
    const fillers = fillersOf(base, layout)
    if (session.d1) refuseWidth(options, layout.fields.length + fillers.length)
    const rows = read.map(({ cells, row, number }) => {
      const values = layout.fields.map((_, index) => cells[index] ?? 'NULL')
      return `(${[number, ...values, ...fillers.map(({ literal }) => literal(row))].join(', ')})`
    })
    const lines = read.map(({ line }) => line)
    for (const [index, text] of rows.entries()) {
      const isTooLong = session.d1 && Buffer.byteLength(text) > D1_STATEMENT_BYTES - 1000
      if (isTooLong) refuseLength(options, { row: index + 1, line: lines[index] })
    }
    return {
      ...base,
      layout,
      shapes: finder.shapes,
      sql:
        createSql(base.relation, layout, fillers) +
        insertSql(base.relation, { layout, fillers, rows }),
      lines,
      fillers,
    }
  } finally {
    await source.close()
  }
}

interface ReadRow {
  readonly row: SeedRow
  readonly line: number | undefined
  /** The number of its shape. */
  readonly number: number
  /** Literals in the order of the fields known when the row was read. */
  readonly cells: readonly string[]
}

async function readAll(source: Source, options: SqliteStageOptions): Promise<ReadRow[]> {
  const read: ReadRow[] = []
  let writers = writersOf(source.layout, options)
  while (source.pending) {
    const { row, line } = source.pending
    const { number, isNew } = source.finder.of(row)
    if (isNew) {
      acceptShape(options, source, source.finder.shapes[number] ?? new Set())
      writers = writersOf(source.layout, options)
    }
    source.rows++
    const cells = source.layout.fields.map((field) => {
      const value = row[field]
      if (value === null || value === undefined) return 'NULL'
      try {
        return writers.get(field)?.(value) ?? 'NULL'
      } catch (error) {
        return refuseInvalidValue(error, options, { field, row: source.rows, line })
      }
    })
    read.push({ row, line, number, cells })
    // Synchronous rows would never yield to the event loop, so signals would not be handled.
    if (source.rows % ROWS_A_TURN === 0) await nextTurn()
    await takeNext(source, options)
  }
  return read
}

function writersOf(
  { cells }: Layout,
  { table, numericTimes }: SqliteStageOptions,
): ReadonlyMap<string, LiteralWriter> {
  const form = formOf(table)
  return new Map(
    cells.map(({ field, column }) => [
      field,
      literalWriter(column, { form, timesAreNumbers: numericTimes.has(column) }),
    ]),
  )
}

/** SQL that creates the table of staged rows, with the columns of fillers last. */
function createSql(relation: string, layout: Layout, fillers: readonly Filler[]): string {
  const columns = [
    ...layout.cells.map(({ staged, column }) => `${staged} ${affinityOf(column)}`),
    ...fillers.map(({ staged, column }) => `${staged} ${affinityOf(column)}`),
  ]
  return `DROP TABLE IF EXISTS ${relation};
CREATE TABLE ${relation} (${['n INTEGER PRIMARY KEY', 'g INTEGER NOT NULL DEFAULT 0', ...columns].join(', ')});\n`
}

interface Inserted {
  readonly layout: Layout
  readonly fillers: readonly Filler[]
  readonly rows: readonly string[]
}

function insertSql(relation: string, { layout, fillers, rows }: Inserted): string {
  const byField = layout.fields.map(
    (field) => layout.cells.find((cell) => cell.field === field)?.staged ?? '',
  )
  const names = ['g', ...byField, ...fillers.map(({ staged }) => staged)].join(', ')
  const statements: string[] = []
  let part: string[] = []
  let characters = 0
  const end = () => {
    if (part.length > 0)
      statements.push(`INSERT INTO ${relation} (${names}) VALUES ${part.join(',\n')};\n`)
    part = []
    characters = 0
  }
  for (const row of rows) {
    if (characters + row.length > INSERT_CHARACTERS) end()
    part.push(row)
    characters += row.length
  }
  end()
  return statements.join('')
}

/** Stages the rows of a query, which the database runs; its columns are the fields. */
async function stagedQuery(
  session: Session,
  options: SqliteStageOptions,
  query: string,
): Promise<Pick<Staged, 'layout' | 'shapes' | 'sql'>> {
  const text = query.replace(/;\s*$/, '')
  const { columns } = await session.queryRaw(`SELECT * FROM (${text}\n) AS seed LIMIT 0`)
  const layout = placed(
    options,
    columns.map(({ name }) => name),
  )
  const shape = new Set(layout.fields)
  const why = shapeProblem(layout, shape)
  if (why !== undefined) return refuseQuery(options, why)
  const relation = `${SCRIPT_TABLE}${options.at}`
  const names = layout.cells.map(({ staged }) => staged).join(', ')
  const fields = layout.cells.map(({ field }) => `seed.${quoteIdentifier(field)}`).join(', ')
  const sql = `INSERT INTO ${relation} (${names}) SELECT ${fields} FROM (${text}\n) AS seed;\n`
  return { layout, shapes: [shape], sql: createSql(relation, layout, []) + sql }
}

/**
 * The maximum number of columns for rows in a script's table on Cloudflare D1, in addition to Slipway's own.
 */
const D1_COLUMNS = 95

function refuseWidth({ set, table }: StageOptions, columns: number): void {
  if (columns <= D1_COLUMNS) return
  raise('SEEDS.SET_INVALID', {
    message: `Rows of ${table.name} in ${set.name} have ${columns} columns.`,
    why: `A table of Cloudflare D1 has at most 100 columns, and Slipway needs ${100 - D1_COLUMNS} in addition to those of the rows.`,
    nextActions: [advice('Omit columns that have a default.')],
    where: { file: set.file },
  })
}

function refuseLength(
  { set, table }: StageOptions,
  { row, line }: { readonly row: number; readonly line: number | undefined },
): never {
  return raise('SEEDS.ROW_INVALID', {
    message: `The row at ${line === undefined ? `row ${row}` : `line ${line}`} of ${table.name} in ${set.name} is too long.`,
    why: 'Cloudflare D1 allows statements of up to 100 KB, and each row is one statement.',
    nextActions: [advice('Nothing was written. Let the application write values of that size.')],
    where: {
      file: isFile(table.rows) ? table.rows.file : set.file,
      ...(line === undefined ? {} : { line }),
    },
  })
}
