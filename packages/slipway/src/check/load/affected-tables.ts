import type { Proof } from '../../proof/index.ts'
import type { ShapeReference, ShapeTable } from '../../shadow/index.ts'
import {
  type Action,
  type Migration,
  objectKey,
  type ObjectName,
  tableRef,
} from '../../statements/index.ts'

/** The existing tables that a migration touches, and its constraints on their rows. */
export interface AffectedTables {
  /** The tables that it locks or names, in catalog order. */
  readonly tables: readonly ShapeTable[]
  /** All tables, with the foreign keys that the migration adds, which generated rows must satisfy. */
  readonly shape: readonly ShapeTable[]
  /** Columns that the migration makes unique, as `table column`. */
  readonly uniqueColumns: ReadonlySet<string>
}

/** Finds the tables from the locks of the test run, and from the text if locks were not observed. */
export function findAffectedTables(
  { statements }: Pick<Migration, 'statements'>,
  { locks }: Pick<Proof, 'locks'>,
  {
    shape,
    defaultSchema,
  }: { readonly shape: readonly ShapeTable[]; readonly defaultSchema: string },
): AffectedTables {
  const actions = statements.flatMap((statement) => statement.actions)
  const byKey = new Map(shape.map((table) => [objectKey(table.ref), table]))
  const find: Find = (name) => byKey.get(objectKey(tableRef({ defaultSchema }, name)))
  const named = new Set(actions.flatMap(tablesOf).map(find))
  const locked = new Set(locks.map(({ relation }) => relation))
  return {
    tables: shape.filter((table) => locked.has(table.id) || named.has(table)),
    shape: shape.map((table) => ({
      ...table,
      references: [
        ...table.references,
        ...actions.flatMap((action) => referenceOf(action, table, find) ?? []),
      ],
    })),
    uniqueColumns: new Set(
      actions.flatMap((action) => {
        const { table, columns } = uniqueOf(action) ?? {}
        const found = table && find(table)
        return found ? (columns ?? []).map((column) => `${found.id} ${column}`) : []
      }),
    ),
  }
}

/** The table that a statement names. */
type Find = (name: ObjectName) => ShapeTable | undefined

function tablesOf(action: Action): readonly ObjectName[] {
  if (action.kind === 'drop' && action.of === 'table') return [action.object]
  const own = 'table' in action ? [action.table] : []
  const constraint = action.kind === 'add-constraint' ? action.constraint : undefined
  return constraint?.references ? [...own, constraint.references.table] : own
}

function referenceOf(action: Action, table: ShapeTable, find: Find): ShapeReference | undefined {
  if (action.kind !== 'add-constraint' || find(action.table) !== table) return undefined
  const { columns, references } = action.constraint
  const parent = references && find(references.table)
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
