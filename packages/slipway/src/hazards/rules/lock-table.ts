import type { Finding, Rule } from '../hazard.ts'
import { blockedBy, isLockMode } from '../lock-mode.ts'
import { full, tableObject } from '../names.ts'

/** LOCK TABLE blocks other sessions until the transaction ends. */
export const lockTable: Rule = {
  id: 'lock-table',
  title: 'LOCK TABLE keeps other sessions out',
  judge(action, context) {
    if (action.kind !== 'lock-table' || !isLockMode(action.mode)) return undefined
    const { mode, tables } = action
    const blocks = blockedBy(mode)
    if (blocks === 'nothing') return undefined
    const what = blocks === 'writes' ? 'write to' : 'read or write'
    return tables.map((table): Finding => ({
      severity: blocks === 'writes' ? 'warning' : 'error',
      object: tableObject(context, table),
      table,
      lock: mode,
      message: `LOCK TABLE takes ${mode} on ${full(context, table)}: until the transaction ends, no other session can ${what} it. Each statement automatically takes the lock that it needs.`,
    }))
  },
}
