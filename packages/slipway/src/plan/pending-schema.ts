import type { Action, ConstraintDefinition, ObjectName } from '../statements/index.ts'
import { createdTable, type PendingTable, renameColumn, standingTable } from './pending-table.ts'
import type { TargetFacts } from './target-facts.ts'

/** What stands after the pending statements so far, by the names that it has then. */
export interface PendingSchema {
  readonly facts: TargetFacts
  readonly tables: Map<string, PendingTable>
  /** The labels of each enum. */
  readonly enums: Map<string, readonly string[]>
  /** Types that a pending statement creates or renames: the target does not know them by these names. */
  readonly newTypes: Set<string>
  /** Enums of the target that have a label renamed, by their names there. */
  readonly relabelled: Set<string>
}

/** The target before the first pending statement. */
export function standingSchema(facts: TargetFacts): PendingSchema {
  return {
    facts,
    tables: new Map(facts.tables.map((table) => [keyOf(table), standingTable(table)])),
    enums: new Map(facts.enums.map((one) => [keyOf(one), one.labels])),
    newTypes: new Set(),
    relabelled: new Set(),
  }
}

/** A name with its schema. */
function qualified({ facts }: PendingSchema, object: ObjectName): Required<ObjectName> {
  return { schema: object.schema ?? facts.schema, name: object.name }
}

/** The key of an object in the maps of a pending schema. */
export function keyOf({ schema, name }: Required<ObjectName>): string {
  return JSON.stringify([schema, name])
}

/** The table that a statement names; nothing for one that does not stand then. */
export function tableNamed(schema: PendingSchema, name: ObjectName): PendingTable | undefined {
  return schema.tables.get(keyOf(qualified(schema, name)))
}

/** The key of the type that `typeText` printed: `Mood`, `other.Mood[]`. */
export function typeKey(schema: PendingSchema, type: string): string {
  const [name = '', inSchema] = type.replace(/\[\]$/, '').split('.').toReversed()
  return keyOf(qualified(schema, inSchema === undefined ? { name } : { name, schema: inSchema }))
}

/** Follows what an action does to the names of tables, types and schemas; true where it was such a one. */
export function followNames(schema: PendingSchema, action: Action): boolean {
  switch (action.kind) {
    case 'create-table':
      createTable(schema, action)
      return true
    case 'drop':
      drop(schema, action)
      return true
    case 'rename':
      rename(schema, action)
      return true
    case 'create-enum': {
      const key = keyOf(qualified(schema, action.type))
      schema.enums.set(key, action.values)
      schema.newTypes.add(key)
      return true
    }
    case 'add-enum-value': {
      const key = keyOf(qualified(schema, action.type))
      schema.enums.set(key, [...(schema.enums.get(key) ?? []), action.value])
      return true
    }
    default:
      return false
  }
}

function createTable(
  schema: PendingSchema,
  action: Extract<Action, { kind: 'create-table' }>,
): void {
  const name = qualified(schema, action.table)
  const key = keyOf(name)
  if (action.ifNotExists && schema.tables.has(key)) return
  const inline = action.columns.flatMap(({ constraints }) => constraints)
  const constraints: readonly ConstraintDefinition[] = [...action.constraints, ...inline]
  const primary = constraints.find(({ kind }) => kind === 'primary-key')
  const table = createdTable(name, primary?.columns ?? [])
  if (action.filled) table.changes.push({ by: 'the query that fills it', how: 'insert' })
  schema.tables.set(key, table)
}

function drop(schema: PendingSchema, action: Extract<Action, { kind: 'drop' }>): void {
  if (action.of === 'table') schema.tables.delete(keyOf(qualified(schema, action.object)))
  if (action.of === 'type') schema.enums.delete(keyOf(qualified(schema, action.object)))
  if (action.of !== 'schema') return
  for (const [key, table] of schema.tables)
    if (table.schema === action.object.name) schema.tables.delete(key)
}

function rename(schema: PendingSchema, action: Extract<Action, { kind: 'rename' }>): void {
  const { from, to } = action
  switch (action.of) {
    case 'column': {
      const table = tableNamed(schema, action.table)
      if (table) renameColumn(table, from, to)
      return
    }
    case 'constraint': {
      const table = tableNamed(schema, action.table)
      const constraint = table?.notValid.get(from)
      if (table && constraint) table.notValid.set(to, constraint)
      return
    }
    case 'table': {
      const old = qualified(schema, { ...action, name: from })
      const table = schema.tables.get(keyOf(old))
      if (table) moveTable(schema, table, { schema: old.schema, name: to })
      return
    }
    case 'schema': {
      const inside = [...schema.tables.values()].filter((table) => table.schema === from)
      for (const table of inside) moveTable(schema, table, { schema: to, name: table.name })
      return
    }
    case 'type':
      renameType(schema, qualified(schema, { ...action, name: from }), to)
      return
    case 'enum-value':
      relabel(schema, keyOf(qualified(schema, action.type)), from, to)
      return
    default:
      return
  }
}

function moveTable(
  { tables }: PendingSchema,
  table: PendingTable,
  { schema, name }: Required<ObjectName>,
): void {
  tables.delete(keyOf(table))
  table.schema = schema
  table.name = name
  tables.set(keyOf(table), table)
}

function renameType(schema: PendingSchema, old: Required<ObjectName>, to: string): void {
  const key = keyOf({ schema: old.schema, name: to })
  const labels = schema.enums.get(keyOf(old))
  schema.enums.delete(keyOf(old))
  if (labels) schema.enums.set(key, labels)
  schema.newTypes.add(key)
}

function relabel(schema: PendingSchema, key: string, from: string, to: string): void {
  const labels = schema.enums.get(key) ?? []
  schema.enums.set(
    key,
    labels.map((label) => (label === from ? to : label)),
  )
  schema.relabelled.add(key)
}
