import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { naturalKeyOf, surrogateOf, type TableRules } from './natural-key.ts'
import { foreignKeyOf } from './references.ts'
import {
  columnOf,
  fieldOf,
  parentOf,
  type TargetColumn,
  type TargetTable,
  type TargetTables,
} from './target-tables.ts'

/** A table, with the fields that can be copied to another database. */
export interface PortableTable {
  readonly table: TargetTable
  /** The natural key by field names, as in a set: `carrierId`. */
  readonly key: readonly string[]
  /**
   * All fields of a row, key fields first; a reference is a path to the key of the referenced row:
   * `carrierId.mcNumber`.
   */
  readonly fields: readonly string[]
}

/**
 * Finds the fields of a table that mean the same in every database: neither generated primary keys nor
 * generated columns. Foreign keys become the natural keys of their rows. The order does not depend on the
 * database. Fails with SEEDS.KEY_UNKNOWN, SEEDS.NOT_PORTABLE and SEEDS.SENSITIVE.
 */
export function portableOf(
  tables: TargetTables,
  table: TargetTable,
  rules: TableRules,
): PortableTable {
  const key = naturalKeyOf(table, rules)
  const surrogate = surrogateOf(table, rules)
  const others = table.columns.filter(
    (column) => !key.includes(column) && column !== surrogate && !column.generated,
  )
  const kept = [
    ...key,
    ...inModelOrder(table, others).filter((column) => !rules.isOmitted(table, column)),
  ]
  return {
    table,
    key: key.map(({ name }) => fieldOf(table, name)),
    fields: kept.flatMap((column) => pathsTo({ tables, rules, visited: [] }, table, column)),
  }
}

/**
 * Orders columns as in the model, then others by name: two databases can have the same columns in different
 * orders.
 */
function inModelOrder(table: TargetTable, columns: readonly TargetColumn[]): TargetColumn[] {
  const members = table.model?.members.map(({ mapped }) => mapped) ?? []
  const place = ({ name }: TargetColumn) => {
    const at = members.indexOf(name)
    return at < 0 ? members.length : at
  }
  return columns.toSorted((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1))
}

interface Walk {
  readonly tables: TargetTables
  readonly rules: TableRules
  /** Tables that the path has visited. */
  readonly visited: readonly TargetTable[]
}

/** The fields of a column: itself, or the natural key of the row that it refers to. */
function pathsTo(walk: Walk, table: TargetTable, column: TargetColumn): readonly string[] {
  const { tables, rules, visited } = walk
  refuseSensitive(table, column, rules)
  if (rules.isOmitted(table, column)) refuseOmitted(table, column)
  const field = fieldOf(table, column.name)
  if (field.includes('.')) refuseDot(table, column)
  const single = foreignKeyOf(table, column.name)
  const parent = parentOf(tables, single)
  const referred = parent?.columns.find(({ name }) => name === single?.referenced[0])
  if (!parent || !referred) {
    refuseComposite(walk, table, column)
    return [field]
  }
  if (visited.includes(parent)) return refuseCircle(table, field, parent)
  const further = { ...walk, visited: [...visited, parent] }
  if (!isGenerated(further, parent, referred)) return [field]
  return naturalKeyOf(parent, rules)
    .flatMap((one) => pathsTo(further, parent, one))
    .map((path) => `${field}.${path}`)
}

/** Whether values of a column differ between databases: it is generated, or refers to a generated one. */
function isGenerated(walk: Walk, table: TargetTable, column: TargetColumn): boolean {
  if (column === surrogateOf(table, walk.rules)) return true
  const single = foreignKeyOf(table, column.name)
  const parent = parentOf(walk.tables, single)
  const referred = parent?.columns.find(({ name }) => name === single?.referenced[0])
  if (!parent || !referred || walk.visited.includes(parent)) return false
  return isGenerated({ ...walk, visited: [...walk.visited, parent] }, parent, referred)
}

function refuseSensitive(table: TargetTable, column: TargetColumn, rules: TableRules): void {
  if (!rules.isSensitive(table, column)) return
  const named = `${table.name}.${column.name}`
  raise('SEEDS.SENSITIVE', {
    message: `${named} is sensitive: it is not copied.`,
    why: 'A seed set, or --sensitive, says so. Nothing was read.',
    nextActions: [advice(`--omit ${named} skips the column and copies the others.`)],
  })
}

/** Refuses to omit a key column; omitted columns outside the key never get here. */
function refuseOmitted(table: TargetTable, column: TargetColumn): never {
  return raise('SEEDS.KEY_UNKNOWN', {
    message: `${table.name}.${column.name} is in the natural key of ${table.name}, and cannot be left out.`,
    nextActions: [advice(`Name another key: --key ${table.name}=column.`)],
  })
}

/** A field with a dot would be read as a path along foreign keys. */
function refuseDot(table: TargetTable, column: TargetColumn): never {
  const named = `${table.name}.${column.name}`
  return raise('SEEDS.NOT_PORTABLE', {
    message: `${named} has a dot in its name, and no field without one.`,
    why: 'In a row of a seed set, a name with dots follows foreign keys.',
    nextActions: [
      advice(`Map a field of the model to it, or skip it with --omit ${JSON.stringify(named)}.`),
    ],
  })
}

/** No natural key can replace a generated key that is one of several columns of a foreign key. */
function refuseComposite({ tables, rules }: Walk, table: TargetTable, column: TargetColumn): void {
  for (const key of table.foreignKeys) {
    const { columns, referenced } = key
    const parent = parentOf(tables, key)
    const at = columns.indexOf(column.name)
    if (!parent || at < 0 || columnOf(parent, referenced[at] ?? '') !== surrogateOf(parent, rules))
      continue
    const named = `${table.name}.${column.name}`
    raise('SEEDS.NOT_PORTABLE', {
      message: `${named} refers to ${parent.name} by a number that differs in each database.`,
      why: 'Only a foreign key on one column can be followed to the natural key of its row.',
      nextActions: [advice(`--omit ${named} skips the column, if it may be empty.`)],
    })
  }
}

function refuseCircle(table: TargetTable, field: string, parent: TargetTable): never {
  return raise('SEEDS.NOT_PORTABLE', {
    message: `The natural key of ${parent.name} leads back to itself through ${table.name}.${field}.`,
    why: 'Such a key cannot identify a row.',
    nextActions: [advice(`Name another: --key ${parent.name}=column.`)],
  })
}
