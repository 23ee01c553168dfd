import type { Proof } from '../../proof/index.ts'
import type { ShapeReference, ShapeTable } from '../../shadow/index.ts'
import type { Action, ObjectName, Migration } from '../../statements/index.ts'

/** What a migration does with the existing tables. */
export interface Touched {
  /** The tables that it locks or names, in the order of the catalog. */
  readonly tables: readonly ShapeTable[]
  /** All tables, with the foreign keys that the migration adds: rows must meet them. */
  readonly shape: readonly ShapeTable[]
  /** Columns that the migration makes unique, as `table column`. */
  readonly distinct: ReadonlySet<string>
}

/** Finds the tables by the locks of the test run, and by the text where a statement's locks were not seen. */
export function touchedBy(
  { statements }: Pick<Migration, 'statements'>,
  { locks }: Pick<Proof, 'locks'>,
  shape: readonly ShapeTable[],
): Touched {
  const actions = statements.flatMap((statement) => statement.actions)
  const named = actions.flatMap(tablesOf)
  const locked = new Set(locks.map(({ relation }) => relation))
  return {
    tables: shape.filter((table) => locked.has(table.id) || named.some((name) => is(table, name))),
    shape: shape.map((table) => ({
      ...table,
      references: [
        ...table.references,
        ...actions.flatMap((action) => referenceOf(action, table, shape) ?? []),
      ],
    })),
    distinct: new Set(
      actions.flatMap((action) => {
        const { table, columns } = uniqueOf(action) ?? {}
        const found = table && shape.find((one) => is(one, table))
        return found ? (columns ?? []).map((column) => `${found.id} ${column}`) : []
      }),
    ),
  }
}

function is(table: ShapeTable, { schema, name }: ObjectName): boolean {
  return table.name === name && (schema === undefined || table.schema === schema)
}

function tablesOf(action: Action): readonly ObjectName[] {
  if (action.kind === 'drop' && action.of === 'table') return [action.object]
  const own = 'table' in action ? [action.table] : []
  const constraint = action.kind === 'add-constraint' ? action.constraint : undefined
  return constraint?.references ? [...own, constraint.references.table] : own
}

function referenceOf(
  action: Action,
  table: ShapeTable,
  shape: readonly ShapeTable[],
): ShapeReference | undefined {
  if (action.kind !== 'add-constraint' || !is(table, action.table)) return undefined
  const { columns, references } = action.constraint
  const parent = references && shape.find((one) => is(one, references.table))
  if (parent === undefined) return undefined
  const named = references?.columns ?? []
  return { columns, table: parent.id, referenced: named.length > 0 ? named : parent.primaryKey }
}

function uniqueOf(
  action: Action,
): { readonly table: ObjectName; readonly columns: readonly string[] } | undefined {
  if (action.kind === 'create-index' && action.unique) return action
  if (action.kind !== 'add-constraint') return undefined
  const { kind, columns } = action.constraint
  return kind === 'unique' || kind === 'primary-key' ? { table: action.table, columns } : undefined
}
