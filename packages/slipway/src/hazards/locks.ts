import type { Action, ObjectName } from '../migration/index.ts'
import type { LockMode } from './lock-mode.ts'
import { keyOf, type Schema } from './schema.ts'

/** A lock on a table, held until the transaction ends. */
export interface TableLock {
  readonly table: ObjectName
  readonly lock: LockMode
}

/** The locks on tables that an action takes. Source: "Table-Level Locks", and `AlterTableGetLockLevel` of the server. */
export function locksOf(action: Action, schema: Schema): TableLock[] {
  switch (action.kind) {
    case 'add-constraint':
      return constraintLocks(action)
    case 'validate-constraint':
      return [{ table: action.table, lock: 'SHARE UPDATE EXCLUSIVE' }]
    case 'add-column':
    case 'drop-column':
    case 'change-type':
    case 'set-not-null':
    case 'drop-not-null':
    case 'set-default':
    case 'drop-default':
    case 'drop-constraint':
    case 'row-security':
    case 'drop-on-table':
      return [{ table: action.table, lock: 'ACCESS EXCLUSIVE' }]
    case 'alter-table':
      return [{ table: action.table, lock: subcommandLock(action.subcommand) }]
    case 'attach-partition':
      return [
        { table: action.table, lock: 'SHARE UPDATE EXCLUSIVE' },
        { table: action.partition, lock: 'ACCESS EXCLUSIVE' },
      ]
    case 'detach-partition':
      return [
        {
          table: action.table,
          lock: action.concurrently ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE',
        },
      ]
    case 'rename':
      return renameLocks(action)
    case 'create-table':
      return action.constraints.flatMap(({ references }) => sharedBy(references?.table))
    case 'create-trigger':
      return [{ table: action.table, lock: 'SHARE ROW EXCLUSIVE' }]
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
      return action.of === 'table' ? [{ table: action.object, lock: 'ACCESS EXCLUSIVE' }] : []
    case 'truncate':
      return action.tables.map((table) => ({ table, lock: 'ACCESS EXCLUSIVE' }))
    case 'insert':
    case 'update':
    case 'delete':
      return [{ table: action.table, lock: 'ROW EXCLUSIVE' }]
    default:
      return []
  }
}

/** The table of an index, as far as the history shows it. */
export function tableOfIndex(schema: Schema, index: ObjectName): ObjectName | undefined {
  const table = schema.tables.get(schema.indexes.get(keyOf(schema, index))?.table ?? '')
  return table && { schema: table.schema, name: table.name }
}

function constraintLocks({
  table,
  constraint,
}: Extract<Action, { kind: 'add-constraint' }>): TableLock[] {
  if (constraint.kind !== 'foreign-key') return [{ table, lock: 'ACCESS EXCLUSIVE' }]
  return [{ table, lock: 'SHARE ROW EXCLUSIVE' }, ...sharedBy(constraint.references?.table)]
}

/** A foreign key puts its triggers on the table that it points at. */
function sharedBy(referenced: ObjectName | undefined): TableLock[] {
  return referenced === undefined ? [] : [{ table: referenced, lock: 'SHARE ROW EXCLUSIVE' }]
}

function subcommandLock(subcommand: string): LockMode {
  if (
    /^AT_(?:SetStatistics|SetOptions|ResetOptions|SetRelOptions|ResetRelOptions)$/.test(subcommand)
  )
    return 'SHARE UPDATE EXCLUSIVE'
  if (/^AT_(?:ClusterOn|DropCluster)$/.test(subcommand)) return 'SHARE UPDATE EXCLUSIVE'
  return /^AT_(?:En|Dis)ableTrig/.test(subcommand) ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE'
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
      return [{ table: action.table, lock: 'ACCESS EXCLUSIVE' }]
    default:
      return []
  }
}
