import type { Session } from '../port.ts'

/** The schema of Slipway's own tables and functions, unless the configuration names another. */
export const LEDGER_SCHEMA = 'slipway'

/**
 * Adapts Slipway's own SQL, which is written for the schema `slipway`, to the ledger of a session. Only
 * for text without parts from elsewhere. The name of a ledger needs no quotes: `prepareLedger` accepts no
 * other name.
 */
export function inLedger({ ledger }: Pick<Session, 'ledger'>, sql: string): string {
  return ledger === LEDGER_SCHEMA ? sql : sql.replaceAll(/\bslipway\b/g, ledger)
}
