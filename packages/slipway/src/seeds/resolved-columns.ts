import { quoteIdentifier } from '../database/index.ts'
import { advice, command, must } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { GivenColumn, Layout } from './references.ts'
import type { SeedSet, SeedSetTable } from './set.ts'
import { type Shapes, shapesWith } from './shapes.ts'
import { columnOf, type TargetColumn, type TargetTable } from './target-tables.ts'

/** The columns of staged rows with resolved references. */
export interface ResolvedColumns {
  /** SQL for FROM, with the alias `r`; it also has the columns `n` (row number) and `g` (shape). */
  readonly source: string
  /** Its columns, those of the key first. */
  readonly columns: readonly TargetColumn[]
  /**
   * The names of the columns in `source`, chosen by Slipway so that they cannot collide with a user's names.
   */
  readonly names: ReadonlyMap<TargetColumn, string>
  /** The shapes whose rows have a column; absent if all do. */
  readonly shapesOf: ReadonlyMap<TargetColumn, readonly number[]>
  readonly key: readonly TargetColumn[]
  /** Columns that are filled after all rows are inserted, because they refer to later rows. */
  readonly later: readonly TargetColumn[]
}

/** The part of staged rows that their columns depend on. */
interface StagedColumns {
  readonly set: SeedSet
  readonly table: SeedSetTable
  readonly target: TargetTable
  readonly layout: Layout
  readonly shapes: Shapes
}

/**
 * The columns of staged rows, divided into those filled now and, if in `later`, later. Fails with
 * SEEDS.SET_INVALID and SEEDS.KEY_NOT_UNIQUE.
 */
export function resolvedColumns(
  staged: StagedColumns,
  later: ReadonlySet<string>,
): Pick<ResolvedColumns, 'columns' | 'shapesOf' | 'key' | 'later'> {
  const { layout, shapes } = staged
  const key = keyOf(staged, later)
  const waits = ({ column }: GivenColumn) => later.has(column.name)
  const columns = layout.columns.filter((one) => !waits(one)).map(({ column }) => column)
  return {
    key,
    columns: [...key, ...columns.filter((column) => !key.includes(column))],
    later: layout.columns.filter(waits).map(({ column }) => column),
    shapesOf: new Map(
      layout.columns.flatMap(({ column, plain, references }) => {
        const fields = [...plain, ...references].flatMap((one) =>
          'field' in one ? [one.field] : one.fields,
        )
        const numbers = shapesWith(shapes, fields)
        return numbers ? [[column, numbers] as const] : []
      }),
    ),
  }
}

/** SQL of a column's value, from the staged rows, `s`, and the joins of their references. */
export function joinedValue({ plain, references }: GivenColumn): string {
  const all = [...references.map(({ value }) => value), ...plain.map(({ staged }) => `s.${staged}`)]
  return all.length === 1 ? (all[0] ?? '') : `coalesce(${all.join(', ')})`
}

/** SQL of a column of the target, `t`. */
export function storedOf({ name }: TargetColumn, alias = 't'): string {
  return `${alias}.${quoteIdentifier(name)}`
}

/** SQL of a column's value in a resolved row, `r`. */
export function givenOf({ names }: Pick<ResolvedColumns, 'names'>, column: TargetColumn): string {
  return `r.${must(names.get(column), 'a column of the rows')}`
}

/** SQL that is true if a resolved row, `r`, has the column; undefined if all rows do. */
export function isGiven(
  { shapesOf }: Pick<ResolvedColumns, 'shapesOf'>,
  column: TargetColumn,
): string | undefined {
  const shapes = shapesOf.get(column)
  return shapes && `r.g IN (${shapes.join(', ')})`
}

/** SQL that is true if a row of the target, `t`, has the same key as a resolved row, `r`. */
export function sameKey(resolved: Pick<ResolvedColumns, 'key' | 'names'>, alias = 't'): string {
  return resolved.key
    .map((column) => `${storedOf(column, alias)} = ${givenOf(resolved, column)}`)
    .join(' AND ')
}

/** The columns of the natural key. Every row must have them, and a unique key must cover them. */
function keyOf(
  { set, table, target, layout }: StagedColumns,
  later: ReadonlySet<string>,
): TargetColumn[] {
  const given = layout.columns.map(({ column }) => column)
  const key = table.key.map((field) => {
    const column = columnOf(target, field)
    if (column && given.includes(column) && !later.has(column.name)) return column
    return raise('SEEDS.SET_INVALID', {
      message: `The natural key of ${table.name} in ${set.name} names ${field}.`,
      why: column
        ? `Its rows have no ${field}, or it refers to rows that come later.`
        : `${target.name} has no such column.`,
      nextActions: [advice('A natural key consists of fields that every row has.')],
      where: { file: set.file },
    })
  })
  requireUnique(set, target, key)
  return key
}

function requireUnique(set: SeedSet, target: TargetTable, key: readonly TargetColumn[]): void {
  const names = key.map(({ name }) => name)
  if (target.unique.some((columns) => columns.every((column) => names.includes(column)))) return
  const columns = names.map(quoteIdentifier).join(', ')
  const index = quoteIdentifier(`${target.name}_${names.join('_')}_key`.slice(0, 63))
  raise('SEEDS.KEY_NOT_UNIQUE', {
    message: `The natural key of ${target.name} in ${set.name} has no unique index: ${names.join(', ')}.`,
    why: 'Without a unique index, two rows could have the same key.',
    nextActions: [
      advice(`Add @@unique([${names.join(', ')}]) to the model first.`),
      command(['create', `unique_${target.name}`], 'write the migration for it'),
      advice(
        `Or put this into a migration: CREATE UNIQUE INDEX ${index} ON ${target.schema === null ? quoteIdentifier(target.name) : target.id} (${columns});`,
      ),
    ],
    where: { file: set.file },
  })
}
