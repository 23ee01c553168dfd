import {
  hasComment,
  isKeyword,
  type ObjectName,
  type Statement,
  tokensOf,
} from '../statements/index.ts'
import { identifier, identifiers, qualified } from './quote.ts'

/** Runs every statement of a file in its own transaction, so that no lock outlives its statement. */
const EACH_ALONE = '-- slipway: no-transaction'

/** SQL that runs each statement in its own transaction. */
export function oneByOne(statements: readonly string[]): string {
  return [EACH_ALONE, ...statements.map((statement) => `${statement};`)].join('\n')
}

/**
 * The statement with CONCURRENTLY, so that building or dropping the index does not block writes. Undefined
 * for a DROP with CASCADE, which PostgreSQL refuses together with CONCURRENTLY.
 */
export function concurrently({ text }: Statement): string | undefined {
  const tokens = tokensOf(text)
  const drops = isKeyword(tokens[0], 'DROP')
  if (drops && isKeyword(tokens.at(-1), 'CASCADE')) return undefined
  const at = tokens.slice(0, 3).find((token) => isKeyword(token, 'INDEX'))?.end
  return at === undefined || hasComment(text.slice(0, at))
    ? undefined
    : `${text.slice(0, at)} CONCURRENTLY${text.slice(at)};`
}

/** The statement with a semicolon, for display; undefined if there is none. */
export function withSemicolon(statement: string | undefined): string | undefined {
  return statement === undefined ? undefined : `${statement};`
}

/**
 * The same REINDEX, allowing reads and writes; undefined for system catalogs, which
 * cannot be reindexed concurrently.
 */
export function reindexedConcurrently(text: string): string | undefined {
  const what = tokensOf(text).find((token) =>
    ['INDEX', 'TABLE', 'SCHEMA', 'DATABASE'].some((word) => isKeyword(token, word)),
  )
  if (what === undefined) return undefined
  return `${text.slice(0, what.end)} CONCURRENTLY${text.slice(what.end)}`
}

/**
 * The same REFRESH MATERIALIZED VIEW, allowing reads; undefined for WITH NO
 * DATA, which excludes CONCURRENTLY.
 */
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
 * The same constraint, first for new rows and then validated for existing ones. Undefined if the statement
 * does more than add it, because its text cannot be split.
 */
export function validatedLater(
  statement: Statement,
  table: ObjectName,
  constraint: string,
): string | undefined {
  if (!addsOnly(statement)) return undefined
  const { text } = statement
  return oneByOne([
    // A trailing comment would swallow NOT VALID.
    `${text}${text.includes('--') ? '\n' : ' '}NOT VALID`,
    `ALTER TABLE ${qualified(table)} VALIDATE CONSTRAINT ${identifier(constraint)}`,
  ])
}

/** Words of a key definition that specifies more than its columns. */
const MORE = ['INCLUDE', 'DEFERRABLE', 'NULLS', 'WITH']

/**
 * The same key, using an index that is first built without blocking writes. Undefined if the statement
 * specifies more than the columns: INCLUDE, DEFERRABLE, NULLS NOT DISTINCT.
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

/** Whether the statement adds one constraint and does nothing else. */
function addsOnly({ actions }: Statement): boolean {
  return actions.length === 1 && actions[0]?.kind === 'add-constraint'
}
