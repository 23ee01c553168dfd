import {
  hasComment,
  isKeyword,
  type ObjectName,
  type Statement,
  tokensOf,
} from '../statements/index.ts'
import { identifier, identifiers, qualified } from './quote.ts'

/** Makes every statement of a file a transaction of its own, so that no lock outlives its statement. */
const EACH_ALONE = '-- slipway: no-transaction'

/** Statements that must not share a transaction. */
export function oneByOne(statements: readonly string[]): string {
  return [EACH_ALONE, ...statements.map((statement) => `${statement};`)].join('\n')
}

/** The same index, built or dropped without blocking writes. CASCADE is not possible with it. */
export function concurrently({ text }: Statement): string | undefined {
  const tokens = tokensOf(text)
  const drops = isKeyword(tokens[0], 'DROP')
  if (drops && isKeyword(tokens.at(-1), 'CASCADE')) return undefined
  const at = tokens.slice(0, 3).find((token) => isKeyword(token, 'INDEX'))?.end
  return at === undefined || hasComment(text.slice(0, at))
    ? undefined
    : `${text.slice(0, at)} CONCURRENTLY${text.slice(at)};`
}

/** A statement as it is shown, if there is one. */
export function withSemicolon(statement: string | undefined): string | undefined {
  return statement === undefined ? undefined : `${statement};`
}

/** The same REINDEX, allowing reads and writes. The system catalogs cannot be rebuilt in this way. */
export function reindexedConcurrently(text: string): string | undefined {
  const [, what] = tokensOf(text)
  if (!what || !['INDEX', 'TABLE', 'SCHEMA', 'DATABASE'].some((word) => isKeyword(what, word)))
    return undefined
  return `${text.slice(0, what.end)} CONCURRENTLY${text.slice(what.end)}`
}

/** The same REFRESH MATERIALIZED VIEW, allowing reads. WITH NO DATA cannot be combined with it. */
export function refreshedConcurrently(text: string): string | undefined {
  const tokens = tokensOf(text)
  const view = tokens.find((token) => isKeyword(token, 'VIEW'))
  if (!view || tokens.some((token) => isKeyword(token, 'WITH'))) return undefined
  return `${text.slice(0, view.end)} CONCURRENTLY${text.slice(view.end)}`
}

/** The same DETACH PARTITION, allowing reads and writes. */
export function detachedConcurrently(text: string): string {
  const end = tokensOf(text).at(-1)?.end ?? text.length
  return `${text.slice(0, end)} CONCURRENTLY`
}

/**
 * The same constraint, first for new rows and then for the old ones. Nothing if the statement does
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

/** Words of a key that says more than its columns. */
const MORE = ['INCLUDE', 'DEFERRABLE', 'NULLS', 'WITH']

/**
 * The same key, its index built without blocking writes and then taken over. Nothing if the statement
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
  if (tokensOf(statement.text).some((token) => MORE.some((word) => isKeyword(token, word))))
    return undefined
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
