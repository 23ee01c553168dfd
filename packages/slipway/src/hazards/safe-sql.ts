import type { ObjectName, Statement } from '../migration/index.ts'
import { identifier, qualified } from './quote.ts'

/** Makes every statement of a file a transaction of its own, so that no lock outlives its statement. */
const EACH_ALONE = '-- slipway: no-transaction'

/** Statements that must not share a transaction. */
export function oneByOne(statements: readonly string[]): string {
  return [EACH_ALONE, ...statements.map((statement) => `${statement};`)].join('\n')
}

/** The same index, built or dropped without blocking writes. */
export function concurrently({ text }: Statement): string {
  return `${text.replace(/^((?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX)\b/i, '$1 CONCURRENTLY')};`
}

/**
 * The same constraint, first for new rows and then for the old ones. Nothing where the statement does
 * more than add it: its text cannot be taken apart.
 */
export function validatedLater(
  { text, actions }: Statement,
  table: ObjectName,
  constraint: string,
): string | undefined {
  if (actions.length !== 1 || actions[0]?.kind !== 'add-constraint') return undefined
  return oneByOne([
    `${text} NOT VALID`,
    `ALTER TABLE ${qualified(table)} VALIDATE CONSTRAINT ${identifier(constraint)}`,
  ])
}
