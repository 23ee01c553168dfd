import {
  type Action,
  isKeyword,
  listOf,
  type ObjectName,
  type Token,
  textOf,
  tokensOf,
  identifierOf,
} from '../../statements/index.ts'
import { inBatches, singleKey } from './batches.ts'
import { type Form, none, type Site, written } from './form.ts'

/** The same UPDATE, in batches that are committed separately. */
export function batchedUpdate(action: Extract<Action, { kind: 'update' }>, site: Site): Form {
  const { text } = site
  const tokens = tokensOf(text)
  const set = tokens.findIndex((token) => isKeyword(token, 'SET'))
  const where = tokens.findIndex((token) => isKeyword(token, 'WHERE'))
  const assigned = tokens.slice(set + 1, where === -1 ? undefined : where)
  const key = singleKey(site.schema, action.table)
  const reason = whyWhole(tokens, site) ?? whyUnsafeTwice(assigned, action.columns, key)
  if (key === undefined || reason !== undefined) return none(reason ?? NO_KEY)
  return {
    kind: 'steps',
    steps: [
      inBatches({
        update: textOf(text, where === -1 ? tokens : tokens.slice(0, where)),
        where: where === -1 ? undefined : textOf(text, tokens.slice(where + 1)),
        table: tableText(action.table, text),
        key: written(key, text),
      }),
    ],
    separateTransactions: false,
    done: 'The rows are updated in batches of 10,000, each committed: a row is locked for its batch only.',
  }
}

/** Batches walk the rows in the order of a single-column key. */
export const NO_KEY = 'The table has no primary key of one column that batches could follow.'

/** A table name as SQL, quoted as in the given text. */
function tableText({ schema, name }: ObjectName, text: string): string {
  return schema === undefined
    ? written(name, text)
    : `${written(schema, text)}.${written(name, text)}`
}

function whyWhole(tokens: readonly Token[], { text }: Site): string | undefined {
  if (!isKeyword(tokens[0], 'UPDATE')) return 'The UPDATE follows a WITH.'
  if (isKeyword(tokens[1], 'ONLY')) return 'The UPDATE uses ONLY, which excludes child tables.'
  const other = ['FROM', 'RETURNING'].find((word) => tokens.some((token) => isKeyword(token, word)))
  if (other !== undefined) return `The UPDATE has a ${other}.`
  return text.includes('$slipway$') ? 'The UPDATE contains the string $slipway$.' : undefined
}

/** An interrupted deploy runs the batches again from the first one, which must not change a row a second time. */
function whyUnsafeTwice(
  assigned: readonly Token[],
  columns: readonly string[],
  key: string | undefined,
): string | undefined {
  if (key !== undefined && columns.includes(key)) return 'The UPDATE changes the primary key.'
  for (const assignment of listOf(assigned)) {
    const equals = assignment.findIndex((token) => isKeyword(token, '='))
    if (equals !== 1) return 'The UPDATE sets several columns in one assignment, or a part of one.'
    const read = assignment
      .slice(equals + 1)
      .find((token) => columns.includes(identifierOf(token.text)))
    if (read) {
      return `The new values are computed from the column ${identifierOf(read.text)}, which the UPDATE sets: after an interruption it would run again and change rows twice.`
    }
  }
  return undefined
}
