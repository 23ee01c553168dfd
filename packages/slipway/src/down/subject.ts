import {
  applyAction,
  columnNamed,
  type DatabaseSchema,
  keyOf,
  tableNamed,
} from '../schema/index.ts'
import type { MoveAction, RenameAction } from '../statements/index.ts'
import type { NameChange } from './rename.ts'

/** Whether a schema has the thing that a rename would rename, or a move would move. */
export function hasSubject(schema: DatabaseSchema, change: NameChange): boolean {
  if (change.kind === 'move') {
    const key = keyOf(schema, { schema: change.from, name: change.name })
    const { tables, enums, domains, others } = schema
    return [tables, enums, domains, others].some((things) => things.has(key))
  }
  const { schema: inSchema, from } = change
  const key = keyOf(schema, { schema: inSchema, name: from })
  switch (change.kind) {
    case 'table':
      return schema.tables.has(key)
    case 'type':
      return schema.enums.has(key)
    case 'index':
      return schema.indexes.has(key)
    case 'constraint': {
      const table = tableNamed(schema, { schema: inSchema, name: change.table })
      return table?.constraints.some(({ name }) => name === from) ?? false
    }
    case 'column':
      return columnNamed(schema, { schema: inSchema, name: change.table }, from) !== undefined
    case 'enum-value': {
      const type = schema.enums.get(keyOf(schema, { schema: inSchema, name: change.type }))
      return type?.labels.includes(from) ?? false
    }
  }
}

/** The schema after a rename or a move. */
export function renamed(schema: DatabaseSchema, change: NameChange): DatabaseSchema {
  return applyAction(schema, actionOf(change), '')
}

function actionOf(change: NameChange): RenameAction | MoveAction {
  const { from, to } = change
  if (change.kind === 'move') {
    const object = { schema: from, name: change.name }
    return { kind: 'set-schema', of: change.of, object, to }
  }
  const { schema } = change
  switch (change.kind) {
    case 'column':
    case 'constraint':
      return { kind: 'rename', of: change.kind, table: { schema, name: change.table }, from, to }
    case 'enum-value':
      return { kind: 'rename', of: change.kind, type: { schema, name: change.type }, from, to }
    default:
      return { kind: 'rename', of: change.kind, schema, from, to }
  }
}
