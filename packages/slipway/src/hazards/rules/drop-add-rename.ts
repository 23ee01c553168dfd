import { keyOf, tableNamed } from '../../schema/index.ts'
import type { Action, ObjectName } from '../../statements/index.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { columnObject, full, tableObject } from '../names.ts'
import { identifier, qualified } from '../quote.ts'

/** Prisma's diff writes a rename as DROP and ADD, which loses the values. */
export const dropAddRename: Rule = {
  id: 'drop-add-rename',
  title: 'A drop and an add look like a rename',
  judge(action, context) {
    if (action.kind === 'drop-column') return judgeColumn(action.table, action.column, context)
    if (action.kind === 'drop' && action.of === 'table') return judgeTable(action.object, context)
    return undefined
  },
}

function judgeColumn(table: ObjectName, column: string, context: Context): Finding | undefined {
  const like = likelyName(table, column, context)
  if (like === undefined) return undefined
  return {
    severity: 'warning',
    object: columnObject(context, table, column),
    table,
    anySize: true,
    message: `The column ${column} of ${full(context, table)} is dropped and ${like} of the same type is added, so the values are lost. If you intended a rename, use RENAME.`,
    safeSql: `ALTER TABLE ${qualified(table)} RENAME COLUMN ${identifier(column)} TO ${identifier(like)};`,
  }
}

/**
 * The added column that most likely replaces a dropped one: one with the same letters, or one whose letters
 * match no existing column. Added columns that are then renamed to the dropped name do not count.
 */
function likelyName(table: ObjectName, column: string, context: Context): string | undefined {
  const key = keyOf(context.schema, table)
  const before = tableNamed(context.schema, table)?.columns
  const type = before?.get(column)?.type
  const actions = actionsOf(context)
  const takers = actions.flatMap((action) =>
    action.kind === 'rename' && action.of === 'column' && action.to === column ? [action.from] : [],
  )
  const added = actions.flatMap((action) =>
    action.kind === 'add-column' &&
    keyOf(context.schema, action.table) === key &&
    action.column.type === type &&
    !takers.includes(action.column.name)
      ? [action.column.name]
      : [],
  )
  const others = [...(before?.keys() ?? [])].map(letters)
  return (
    added.find((name) => name !== column && letters(name) === letters(column)) ??
    added.find((name) => !others.includes(letters(name)))
  )
}

/** A name without underscores, in lower case: the same for `user_id` and `userId`. */
function letters(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function judgeTable(table: ObjectName, context: Context): Finding | undefined {
  const columns = tableNamed(context.schema, table)?.columns
  if (columns === undefined || columns.size === 0) return undefined
  const like = actionsOf(context).find(
    (action) =>
      action.kind === 'create-table' &&
      keyOf(context.schema, action.table) !== keyOf(context.schema, table) &&
      action.columns.length === columns.size &&
      action.columns.every(({ name, type }) => columns.get(name)?.type === type),
  )
  if (like?.kind !== 'create-table') return undefined
  return {
    severity: 'warning',
    object: tableObject(context, table),
    table,
    anySize: true,
    message: `The table ${full(context, table)} is dropped and ${like.table.name} with the same columns is created, so the rows are lost. If you intended a rename, use RENAME.`,
    safeSql: `ALTER TABLE ${qualified(table)} RENAME TO ${identifier(like.table.name)};`,
  }
}

function actionsOf({ migration }: Context): readonly Action[] {
  return migration.statements.flatMap(({ actions }) => actions)
}
