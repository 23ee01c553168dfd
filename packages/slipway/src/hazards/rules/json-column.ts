import type { ColumnDefinition, ObjectName } from '../../statements/index.ts'
import type { Rule } from '../hazard.ts'
import { columnObject } from '../names.ts'

/** json stores the input text unchanged, so it has no equality operator and no GIN index. */
export const jsonColumn: Rule = {
  id: 'json-column',
  title: 'json instead of jsonb',
  judge(action, context) {
    const found: { table: ObjectName; column: Pick<ColumnDefinition, 'name' | 'type'> }[] = []
    if (action.kind === 'create-table')
      found.push(...action.columns.map((column) => ({ table: action.table, column })))
    if (action.kind === 'add-column') found.push(action)
    if (action.kind === 'change-type')
      found.push({ table: action.table, column: { name: action.column, type: action.type } })
    return found
      .filter(({ column }) => column.type === 'json')
      .map(({ table, column }) => ({
        severity: 'info',
        object: columnObject(context, table, column.name),
        message: `The column ${column.name} is json: it cannot be compared with =, so DISTINCT, GROUP BY and UNION fail on it, and it supports no GIN index. Use jsonb.`,
      }))
  },
}
