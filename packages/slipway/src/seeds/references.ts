import { quoteIdentifier } from '../database/index.ts'
import {
  columnOf,
  parentOf,
  type TargetColumn,
  type TargetForeignKey,
  type TargetTable,
  type TargetTables,
} from './target-tables.ts'

/** A cell of a row: a column, or a path along foreign keys to a column of another table. */
export interface Cell {
  /** Its name in rows: `mcNumber`, `carrierId.mcNumber`. */
  readonly field: string
  /** Its column in the table where the rows are staged. */
  readonly staged: string
  /** The column of the target whose type it has. */
  readonly column: TargetColumn
}

/** A foreign key column whose value is looked up by the natural key of the referenced row. */
export interface Reference {
  readonly column: TargetColumn
  /** The fields of that key: `carrierId.mcNumber`. */
  readonly fields: readonly string[]
  /** SQL of its value, using the aliases of the joins. */
  readonly value: string
  /** LEFT JOINs from the staged rows, alias `s`, to the referenced row. */
  readonly joins: readonly string[]
  /** SQL that is true if the row gives the reference, or a part of it. */
  readonly given: string
}

/** A column of the target, and the fields that set it: rows may use different fields for it. */
export interface GivenColumn {
  readonly column: TargetColumn
  readonly plain: readonly Cell[]
  readonly references: readonly Reference[]
}

/** Maps the cells of rows to columns of a table. */
export interface Layout {
  /** All fields, in the order of their cells. */
  readonly fields: readonly string[]
  readonly cells: readonly Cell[]
  readonly columns: readonly GivenColumn[]
}

/** A field that is neither a column nor a path along foreign keys to one. */
export interface UnknownField {
  readonly field: string
}

/**
 * Maps fields to columns of a table; a field with dots follows foreign keys. A cell keeps its name if fields
 * are appended to the list.
 */
export function layoutOf(
  tables: TargetTables,
  table: TargetTable,
  fields: readonly string[],
): Layout | UnknownField {
  const cells: Cell[] = []
  const plain: Cell[] = []
  const grouped = new Map<string, string[]>()
  for (const field of fields) {
    const [head = '', ...rest] = field.split('.')
    const path = rest.join('.')
    if (rest.length > 0) grouped.set(head, [...(grouped.get(head) ?? []), path])
    else {
      const column = columnOf(table, field)
      if (!column) return { field }
      plain.push({ field, staged: stagedName(fields, field), column })
    }
  }
  const references: Reference[] = []
  for (const [head, paths] of grouped) {
    const walk = new ReferenceWalker(tables, fields, cells)
    const found = walk.follow(table, head, paths, head)
    if (found === undefined) return { field: walk.unknownField ?? `${head}.${paths[0] ?? ''}` }
    const own = paths.map((path) => `${head}.${path}`)
    references.push({ ...found, fields: own })
  }
  const columns = new Set([...plain, ...references].map(({ column }) => column))
  const place = ({ field }: Cell) => fields.indexOf(field)
  return {
    fields,
    cells: [...plain, ...cells].toSorted((a, b) => place(a) - place(b)),
    columns: [...columns].map((column) => ({
      column,
      plain: plain.filter((one) => one.column === column),
      references: references.filter((one) => one.column === column),
    })),
  }
}

function stagedName(fields: readonly string[], field: string): string {
  return `c${fields.indexOf(field)}`
}

/** Follows the paths of one reference, with one join for each table on them. */
class ReferenceWalker {
  readonly #tables: TargetTables
  readonly #fields: readonly string[]
  readonly #cells: Cell[]
  readonly #joins: string[] = []
  readonly #given: string[] = []
  #tablesFollowed = 0
  /** The field that leads to no column. */
  unknownField: string | undefined

  constructor(tables: TargetTables, fields: readonly string[], cells: Cell[]) {
    this.#tables = tables
    this.#fields = fields
    this.#cells = cells
  }

  follow(
    table: TargetTable,
    head: string,
    paths: readonly string[],
    prefix: string,
  ): Omit<Reference, 'fields'> | undefined {
    const column = columnOf(table, head)
    const key = column && foreignKeyOf(table, column.name)
    const parent = parentOf(this.#tables, key)
    if (!column || !key || !parent) return undefined
    // Unique among all walkers of a layout, because each adds a cell after its last alias.
    const alias = `p${this.#cells.length}_${this.#tablesFollowed++}`
    const conditions = this.#conditions(parent, paths, { alias, prefix })
    if (conditions === undefined) return undefined
    this.#joins.push(`LEFT JOIN ${parent.id} ${alias} ON ${conditions.join(' AND ')}`)
    return {
      column,
      value: `${alias}.${quoteIdentifier(key.referenced[0] ?? '')}`,
      joins: this.#joins,
      given: `(${this.#given.join(' OR ')})`,
    }
  }

  #conditions(
    parent: TargetTable,
    paths: readonly string[],
    { alias, prefix }: { readonly alias: string; readonly prefix: string },
  ): string[] | undefined {
    const conditions: string[] = []
    const deeper = new Map<string, string[]>()
    for (const path of paths) {
      const [head = '', ...rest] = path.split('.')
      if (rest.length > 0) {
        deeper.set(head, [...(deeper.get(head) ?? []), rest.join('.')])
        continue
      }
      const column = columnOf(parent, head)
      if (!column) {
        this.unknownField = `${prefix}.${path}`
        return undefined
      }
      const field = `${prefix}.${path}`
      const staged = stagedName(this.#fields, field)
      this.#cells.push({ field, staged, column })
      conditions.push(`${alias}.${quoteIdentifier(column.name)} = s.${staged}`)
      this.#given.push(`s.${staged} IS NOT NULL`)
    }
    for (const [head, rest] of deeper) {
      const found = this.follow(parent, head, rest, `${prefix}.${head}`)
      if (found === undefined) return undefined
      conditions.push(`${alias}.${quoteIdentifier(found.column.name)} = ${found.value}`)
    }
    return conditions
  }
}

/** The foreign key that consists of this column alone. */
export function foreignKeyOf(table: TargetTable, column: string): TargetForeignKey | undefined {
  return table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column)
}

/**
 * Turns nested natural keys of a row into fields with dots: `{ carrierId: { mcNumber } }` into
 * `carrierId.mcNumber`.
 */
export function flattened(
  row: Readonly<Record<string, unknown>>,
  isReference: (field: string) => boolean,
): Readonly<Record<string, unknown>> {
  let flat: Record<string, unknown> | undefined
  for (const [field, value] of Object.entries(row)) {
    if (!isPlainObject(value) || !isReference(field)) continue
    const paths = leaves(value, field)
    // An empty object is not a natural key: the value of the column is refused.
    if (paths.length === 0) continue
    flat ??= { ...row }
    delete flat[field]
    for (const [path, inner] of paths) flat[path] = inner
  }
  return flat ?? row
}

function leaves(value: Readonly<Record<string, unknown>>, prefix: string): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    const path = `${prefix}.${name}`
    return isPlainObject(inner) ? leaves(inner, path) : [[path, inner]]
  })
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}
