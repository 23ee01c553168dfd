import {
  type DatabaseSchema,
  keyOf,
  objectNameOf,
  type QualifiedName,
  referenceOf,
  referencingTables,
  tableNamed,
} from '../schema/index.ts'
import type { Action, ConstraintDefinition, ObjectName } from '../statements/index.ts'
import { isLockMode, type LockMode } from './lock-mode.ts'

/** A lock on a table, held until the transaction ends. */
export interface TableLock {
  readonly table: ObjectName
  readonly lock: LockMode
}

/** The locks on tables that an action takes. Source: "Table-Level Locks", and `AlterTableGetLockLevel` of the server. */
export function locksOf(action: Action, schema: DatabaseSchema): TableLock[] {
  switch (action.kind) {
    case 'add-constraint':
      return constraintLocks(action)
    case 'validate-constraint':
      return [{ table: action.table, lock: 'SHARE UPDATE EXCLUSIVE' }]
    case 'add-column':
      return [accessExclusiveOn(action.table), ...sharedByKeys(action.column.constraints)]
    case 'drop-constraint': {
      const constraints = tableNamed(schema, action.table)?.constraints ?? []
      const key = constraints.find(({ name }) => name === action.name)?.references
      return [
        accessExclusiveOn(action.table),
        ...accessExclusiveOnKnown(schema, key === undefined ? [] : [key.table]),
      ]
    }
    case 'drop-column': {
      const constraints = tableNamed(schema, action.table)?.constraints ?? []
      const keys = constraints.filter(({ columns }) => columns.includes(action.column))
      const others = keys.flatMap(({ references }) => references?.table ?? [])
      return [accessExclusiveOn(action.table), ...accessExclusiveOnKnown(schema, others)]
    }
    case 'change-type':
    case 'set-not-null':
    case 'drop-not-null':
    case 'set-default':
    case 'drop-default':
    case 'row-security':
    case 'drop-on-table':
      return [accessExclusiveOn(action.table)]
    case 'alter-table':
      return [{ table: action.table, lock: subcommandLock(action.subcommand) }]
    case 'attach-partition':
      return [
        { table: action.table, lock: 'SHARE UPDATE EXCLUSIVE' },
        accessExclusiveOn(action.partition),
      ]
    case 'detach-partition':
      return action.concurrently
        ? [
            { table: action.table, lock: 'SHARE UPDATE EXCLUSIVE' },
            accessExclusiveOn(action.partition),
          ]
        : [accessExclusiveOn(action.table), accessExclusiveOn(action.partition)]
    case 'rename':
      return renameLocks(action)
    case 'create-table':
      return [
        ...(action.partitionOf ? [accessExclusiveOn(action.partitionOf)] : []),
        ...sharedByKeys(action.columns.flatMap(({ constraints }) => constraints)),
        ...sharedByKeys(action.constraints),
      ]
    case 'create-trigger':
      return [{ table: action.table, lock: 'SHARE ROW EXCLUSIVE' }]
    case 'create-policy':
      return [accessExclusiveOn(action.table)]
    case 'set-schema':
      return MOVED_WITH_ROWS.has(action.of) ? [accessExclusiveOn(action.object)] : []
    case 'lock-table': {
      const { mode } = action
      return isLockMode(mode) ? action.tables.map((table) => ({ table, lock: mode })) : []
    }
    case 'refresh-view':
      return [{ table: action.view, lock: action.concurrently ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE' }]
    case 'create-index':
      return [
        { table: action.table, lock: action.concurrently ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE' },
      ]
    case 'drop-index': {
      const table = tableOfIndex(schema, action.index)
      if (table === undefined) return []
      return [{ table, lock: action.concurrently ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE' }]
    }
    case 'drop':
      return dropLocks(action, schema)
    case 'truncate': {
      const others = action.cascade
        ? action.tables.flatMap((table) => reachedByCascade(schema, table))
        : []
      return [...action.tables.map(accessExclusiveOn), ...accessExclusiveOnKnown(schema, others)]
    }
    case 'vacuum':
      return action.full && action.table !== undefined ? [accessExclusiveOn(action.table)] : []
    case 'cluster':
      return action.table === undefined ? [] : [accessExclusiveOn(action.table)]
    case 'reindex':
      return action.concurrently || action.object === undefined
        ? []
        : [{ table: tableOfIndex(schema, action.object) ?? action.object, lock: 'SHARE' }]
    case 'insert':
    case 'update':
    case 'delete':
      return [{ table: action.table, lock: 'ROW EXCLUSIVE' }]
    default:
      return []
  }
}

const MOVED_WITH_ROWS: ReadonlySet<string> = new Set([
  'table',
  'foreign-table',
  'materialized-view',
])

/** The table of an index; undefined if the history does not show it. */
export function tableOfIndex(schema: DatabaseSchema, index: ObjectName): ObjectName | undefined {
  const table = schema.indexes.get(keyOf(schema, index))?.table
  return table && tableNamed(schema, table) && objectNameOf(table)
}

/** The lock that conflicts with every other lock. */
function accessExclusiveOn(table: ObjectName): TableLock {
  return { table, lock: 'ACCESS EXCLUSIVE' }
}

/** ACCESS EXCLUSIVE locks on those of the tables that the schema contains. */
function accessExclusiveOnKnown(
  schema: DatabaseSchema,
  tables: readonly QualifiedName[],
): TableLock[] {
  return tables.flatMap((name) => {
    return tableNamed(schema, name) ? [accessExclusiveOn(objectNameOf(name))] : []
  })
}

function constraintLocks({
  table,
  constraint,
}: Extract<Action, { kind: 'add-constraint' }>): TableLock[] {
  if (constraint.kind !== 'foreign-key') return [accessExclusiveOn(table)]
  return [{ table, lock: 'SHARE ROW EXCLUSIVE' }, ...sharedByKeys([constraint])]
}

/** Adding a foreign key creates triggers on the referenced table. */
function sharedByKeys(constraints: readonly ConstraintDefinition[]): TableLock[] {
  return constraints.flatMap(({ references }) =>
    references ? [{ table: references.table, lock: 'SHARE ROW EXCLUSIVE' as const }] : [],
  )
}

/** Dropping a table also drops its foreign keys, and their triggers on the referenced tables. */
function dropLocks(
  { of, object, cascade }: Extract<Action, { kind: 'drop' }>,
  schema: DatabaseSchema,
): TableLock[] {
  if (of === 'schema') {
    const { schema: dropped } = referenceOf(schema, { schema: object.name, name: '' })
    return accessExclusiveOnKnown(
      schema,
      [...schema.tables.values()].filter((table) => table.schema === dropped),
    )
  }
  if (of !== 'table' && of !== 'materialized-view') return []
  const constraints = tableNamed(schema, object)?.constraints ?? []
  const referenced = constraints.flatMap(({ references }) => references?.table ?? [])
  const referencing = cascade ? referencingTables(schema, object) : []
  return [
    accessExclusiveOn(object),
    ...accessExclusiveOnKnown(schema, [...referenced, ...referencing]),
  ]
}

/** The tables that reference this one, directly or through other tables. */
function reachedByCascade(schema: DatabaseSchema, table: ObjectName): QualifiedName[] {
  const reached = new Set<QualifiedName>()
  const next: (ObjectName | QualifiedName)[] = [table]
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    for (const other of referencingTables(schema, one)) {
      if (reached.has(other)) continue
      reached.add(other)
      next.push(other)
    }
  }
  return [...reached]
}

function subcommandLock(subcommand: string): LockMode {
  if (
    /^AT_(?:SetStatistics|SetOptions|ResetOptions|SetRelOptions|ResetRelOptions)$/.test(subcommand)
  )
    return 'SHARE UPDATE EXCLUSIVE'
  if (/^AT_(?:ClusterOn|DropCluster)$/.test(subcommand)) return 'SHARE UPDATE EXCLUSIVE'
  return /^AT_(?:En|Dis)able(?:Always|Replica)?Trig/.test(subcommand)
    ? 'SHARE ROW EXCLUSIVE'
    : 'ACCESS EXCLUSIVE'
}

function renameLocks(action: Extract<Action, { kind: 'rename' }>): TableLock[] {
  switch (action.of) {
    case 'table': {
      const { from: name, schema } = action
      return [
        { table: schema === undefined ? { name } : { schema, name }, lock: 'ACCESS EXCLUSIVE' },
      ]
    }
    case 'column':
    case 'constraint':
    case 'trigger':
    case 'policy':
      return [accessExclusiveOn(action.table)]
    default:
      return []
  }
}
