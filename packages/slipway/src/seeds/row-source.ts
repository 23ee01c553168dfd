import { advice, type Emit, type Place } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { RowLimits } from './generated-rows.ts'
import { flattened, type Layout, layoutOf } from './references.ts'
import { isFile, type PlacedRow, rowsOf } from './rows.ts'
import type { SeedSet, SeedSetTable } from './set.ts'
import { ShapeFinder, shapeProblem } from './shapes.ts'
import type { TargetTable, TargetTables } from './target-tables.ts'
import { invalidReason } from './value-text.ts'

/** A table of a set to stage. */
export interface StageOptions {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly tables: TargetTables
  /** A number that makes the temporary table's name unique in its transaction. */
  readonly at: number
  readonly emit: Emit
  readonly limits?: RowLimits | undefined
}

/** The rows of a table while they are read; `pending` is the next row. */
export interface Source {
  layout: Layout
  pending: PlacedRow | undefined
  /** The number of rows written so far. */
  rows: number
  readonly finder: ShapeFinder
  readonly rest: AsyncGenerator<PlacedRow>
  close(): Promise<void>
}

/** Starts reading the rows of a table. */
export async function openSource(options: StageOptions): Promise<Source> {
  const { table, target, set, limits } = options
  const rest = rowsOf({ table, set, limits })
  const next = await rest.next()
  const pending = next.done ? undefined : flatRow(next.value, target)
  const named = pending ? givenFields(pending) : []
  const layout = placed(options, named.length > 0 ? named : [...table.key])
  const close = async () => void (await rest.return(undefined))
  return { layout, pending, rows: 0, finder: new ShapeFinder(), rest, close }
}

function flatRow(placedRow: PlacedRow, target: TargetTable): PlacedRow {
  if (target.foreignKeys.length === 0) return placedRow
  return { ...placedRow, row: flattened(placedRow.row, referenceTest(target)) as PlacedRow['row'] }
}

/** Advances `pending` to the next row. */
export async function takeNext(source: Source, { target }: StageOptions): Promise<void> {
  const next = await source.rest.next()
  source.pending = next.done ? undefined : flatRow(next.value, target)
}

function givenFields({ row }: PlacedRow): string[] {
  return Object.keys(row).filter((field) => row[field] !== undefined)
}

/**
 * Returns a test whether a field is a reference: only then is an object in it a natural key, not a document.
 */
export function referenceTest(target: TargetTable): (field: string) => boolean {
  return (field) => {
    const mapped = target.model?.members.find(({ name }) => name === field)?.mapped ?? field
    return target.foreignKeys.some(({ columns }) => columns.includes(mapped))
  }
}

/** Maps the fields of rows to columns of their table. Fails with SEEDS.COLUMN_UNKNOWN. */
export function placed({ set, target, tables }: StageOptions, fields: readonly string[]): Layout {
  const layout = layoutOf(tables, target, fields)
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

/** Whether the layout has all fields of a new shape; if not, adds them to it. */
export function acceptShape(
  options: StageOptions,
  source: Source,
  shape: ReadonlySet<string>,
): boolean {
  const { layout } = source
  const added = [...shape].filter((field) => !layout.fields.includes(field))
  if (added.length > 0) source.layout = placed(options, [...layout.fields, ...added])
  const why = shapeProblem(source.layout, shape)
  if (why !== undefined) refuseShape(options, source, why)
  return added.length === 0
}

function refuseShape(
  { set, table, target }: StageOptions,
  { pending, rows }: Source,
  why: string,
): never {
  const line = pending?.line
  const file = isFile(table.rows) ? table.rows.file : set.file
  return raise('SEEDS.ROW_INVALID', {
    message: `Row ${rows + 1} of ${target.name} in ${set.name} does not match the rows before it.`,
    why,
    nextActions: [advice('Nothing was written. Correct the row and run the seeds again.')],
    where: { file, ...(line === undefined ? {} : { line }) },
  })
}

/** The location of a value that cannot be converted for sending. */
export interface InvalidValue {
  readonly field: string
  readonly row: number
  readonly line: number | undefined
}

/** Raises SEEDS.ROW_INVALID for a value that cannot be converted; rethrows other errors. */
export function refuseInvalidValue(
  error: unknown,
  { set, table }: StageOptions,
  { field, row, line }: InvalidValue,
): never {
  const reason = invalidReason(error)
  if (reason === undefined) throw error
  const file = isFile(table.rows) ? table.rows.file : set.file
  return raise('SEEDS.ROW_INVALID', {
    message: `${field} at ${line === undefined ? `row ${row}` : `line ${line}`} of ${table.name} in ${set.name} is not valid for its column.`,
    why: `It ${reason}.`,
    nextActions: [advice('Nothing was written. Correct the row and run the seeds again.')],
    where: { file, ...(line === undefined ? {} : { line }) },
  })
}

/** Finds the line of a row by reading the file again up to it, because rows and lines need not correspond. */
export async function placeOfRow(
  set: SeedSet,
  table: SeedSetTable,
  row: number,
): Promise<{ file: string; line?: number }> {
  if (!isFile(table.rows)) return { file: set.file }
  const { file } = table.rows
  let at = 0
  for await (const { line } of rowsOf({ table })) {
    at++
    if (at === row) return { file, ...(line === undefined ? {} : { line }) }
  }
  return { file }
}

/** Refuses a query that returns fields which cannot be combined. */
export function refuseQuery({ set, table }: StageOptions, why: string): never {
  return raise('SEEDS.ROW_INVALID', {
    message: `The query of ${table.name} in ${set.name} is not valid.`,
    why,
    nextActions: [advice('Nothing was written. Correct the query and run the seeds again.')],
    where: { file: isFile(table.rows) ? table.rows.file : set.file },
  })
}

/** Refuses a row whose reference finds more than one row. */
export function refuseAmbiguous(
  { set, table, layout }: Pick<StageOptions, 'set' | 'table'> & { readonly layout: Layout },
  row: number,
  where: Place,
): never {
  const fields = layout.columns.flatMap(({ references }) => references.flatMap((one) => one.fields))
  return raise('SEEDS.ROW_INVALID', {
    message: `Row ${row} of ${table.name} in ${set.name} refers to several rows by one reference.`,
    why: `A reference must identify one row. Its fields are ${fields.join(', ')}.`,
    nextActions: [
      advice('Nothing was written. Refer to the row by fields that a unique key covers.'),
    ],
    where,
  })
}

/** The end of a message about one row if others have the same problem. */
export function moreRows(rows: number): string {
  if (rows === 0) return ''
  return rows === 1 ? ', as does 1 more row' : `, as do ${rows} more rows`
}

/** A sentence with the number of keys that several rows have. */
export function repeatedKeys(keys: number): string {
  return `${keys} ${keys === 1 ? 'key occurs' : 'keys occur'} more than once.`
}
