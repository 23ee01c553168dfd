import type { Session } from '../port.ts'

/** The schema of Slipway's own tables and functions, where the configuration names no other one. */
export const LEDGER_SCHEMA = 'slipway'

/**
 * SQL of Slipway's own for the ledger of a session: the text is written for the schema `slipway`. Only for text in which
 * nothing comes from elsewhere. The name of a ledger needs no quotes: `prepareLedger` takes no other one.
 */
export function inLedger({ ledger }: Pick<Session, 'ledger'>, sql: string): string {
  return ledger === LEDGER_SCHEMA ? sql : sql.replaceAll(/\bslipway\b/g, ledger)
}
