import { isFilled } from '../facts.ts'
import type { Rule } from '../hazard.ts'
import { strongestHeldLock, blockedText } from '../held.ts'
import { full, tableObject } from '../names.ts'
import { workOf } from '../work.ts'

/** A lock is held until the transaction ends, however long its other statements take. */
export const lockHeld: Rule = {
  id: 'lock-held',
  title: 'A lock is held while the transaction works',
  judge(action, context) {
    const held = strongestHeldLock(action, context)
    if (held === undefined) return undefined
    const work = workOf(action, context)
    if (work === undefined || !isFilled(context, work.table)) return undefined
    return {
      severity: 'warning',
      object: tableObject(context, held.table),
      table: held.table,
      lock: held.lock,
      message: `This statement ${work.kind} ${full(context, work.table)} in the transaction that locked ${full(context, held.table)} in statement ${held.statement.number}. Until that transaction ends, ${blockedText(context, held)}. Move this statement to a separate migration.`,
    }
  },
}
