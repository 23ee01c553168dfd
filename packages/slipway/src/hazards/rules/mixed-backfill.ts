import { isFilled } from '../facts.ts'
import type { Rule } from '../hazard.ts'
import { strongestHeldLock, blockedText } from '../held.ts'
import { blockedBy } from '../lock-mode.ts'
import { full, tableObject } from '../names.ts'

/** Rows are changed while the transaction locks other sessions out of a table. */
export const mixedBackfill: Rule = {
  id: 'mixed-backfill',
  title: 'Rows are changed while a table is locked',
  judge(action, context) {
    if (action.kind !== 'update' && action.kind !== 'delete') return undefined
    const held = strongestHeldLock(action, context)
    if (held === undefined || !isFilled(context, action.table)) return undefined
    const verb = action.kind === 'update' ? 'updated' : 'deleted'
    return {
      severity: blockedBy(held.lock) === 'writes' ? 'warning' : 'error',
      object: tableObject(context, held.table),
      table: held.table,
      lock: held.lock,
      message: `Rows of ${full(context, action.table)} are ${verb} in the transaction that locked ${full(context, held.table)} in statement ${held.statement.number}. Until that transaction ends, ${blockedText(context, held)}. Move this statement to a separate migration.`,
    }
  },
}
