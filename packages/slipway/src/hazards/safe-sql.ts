import type { ObjectName, Statement } from '../statements/index.ts'
import { identifier, identifiers, qualified } from './quote.ts'

/** Makes every statement of a file a transaction of its own, so that no lock outlives its statement. */
const EACH_ALONE = '-- slipway: no-transaction'

/** Statements that must not share a transaction. */
export function oneByOne(statements: readonly string[]): string {
  return [EACH_ALONE, ...statements.map((statement) => `${statement};`)].join('\n')
}

/** The same index, built or dropped without blocking writes. CASCADE cannot be had with it. */
export function concurrently({ text }: Statement): string | undefined {
  if (/^DROP\b.*\bCASCADE$/is.test(text)) return undefined
  const begin = /^(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX\b/i.exec(text)?.[0]
  return begin === undefined ? undefined : `${begin} CONCURRENTLY${text.slice(begin.length)};`
}

/**
 * The same constraint, first for new rows and then for the old ones. Nothing where the statement does
 * more than add it: its text cannot be taken apart.
 */
export function validatedLater(
  statement: Statement,
  table: ObjectName,
  constraint: string,
): string | undefined {
  if (!addsOnly(statement)) return undefined
  const { text } = statement
  return oneByOne([
    // A comment at the end would swallow it.
    `${text}${text.includes('--') ? '\n' : ' '}NOT VALID`,
    `ALTER TABLE ${qualified(table)} VALIDATE CONSTRAINT ${identifier(constraint)}`,
  ])
}

/**
 * The same key, its index built without blocking writes and then taken over. Nothing where the statement
 * says more than its columns: INCLUDE, DEFERRABLE, NULLS NOT DISTINCT.
 */
export function takenOver(
  statement: Statement,
  key: {
    readonly table: ObjectName
    readonly name: string
    readonly columns: readonly string[]
    readonly as: 'UNIQUE' | 'PRIMARY KEY'
  },
): string | undefined {
  if (!addsOnly(statement)) return undefined
  if (/\b(?:INCLUDE|DEFERRABLE|NULLS|WITH)\b/i.test(statement.text)) return undefined
  const [table, name] = [qualified(key.table), identifier(key.name)]
  return oneByOne([
    `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${table} (${identifiers(key.columns)})`,
    `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${key.as} USING INDEX ${name}`,
  ])
}

/** The statement adds one constraint, and that is all. */
function addsOnly({ actions }: Statement): boolean {
  return actions.length === 1 && actions[0]?.kind === 'add-constraint'
}
