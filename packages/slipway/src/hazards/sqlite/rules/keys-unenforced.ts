import { dependentsOf } from '../../../schema/index.ts'
import type { SqliteDetail } from '../../../statements/index.ts'
import { list, tableObject, nameWithRowCount } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** PRAGMA foreign_keys applies to the whole transaction. */
export const keysUnenforced: SqliteRule = {
  id: 'keys-unenforced',
  title: 'Foreign keys are switched off for statements before the PRAGMA',
  judge(detail, context) {
    const { run, statement, definitions } = context
    if (!run.expectsEnforcedKeys.has(statement)) return undefined
    const name = changedTable(detail)
    if (name === undefined) return undefined
    const passed = dependentsOf(definitions, name)
    if (passed.length === 0) return undefined
    const tables = list(passed.map(({ table }) => nameWithRowCount(context, table)))
    return {
      severity: 'warning',
      object: tableObject(name),
      table: name,
      message: `The file switches foreign keys off further down, and a deploy runs it as one transaction without them, so ${tables} ${passed.length === 1 ? 'keeps' : 'keep'} references to deleted rows of ${name}. Move this statement to a separate migration.`,
    }
  },
}

function changedTable(detail: SqliteDetail): string | undefined {
  switch (detail.kind) {
    case 'delete':
      return detail.table
    case 'update':
    case 'insert':
      return detail.conflict === 'replace' ? detail.table : undefined
    default:
      return undefined
  }
}
