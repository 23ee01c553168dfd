import type { Node } from 'libpg-query'
import { textAfterKeyword, type Source } from './clause-text.ts'
import { tokensOf } from './tokens.ts'

type DeleteStmt = Extract<Node, { DeleteStmt: unknown }>['DeleteStmt']
type UpdateStmt = Extract<Node, { UpdateStmt: unknown }>['UpdateStmt']

interface Touched {
  readonly touches?: string
  readonly with?: string
}

/** The rows that a DELETE affects, as the text after SELECT … FROM. */
export function touchedByDelete(statement: DeleteStmt, source: Source): Touched {
  const queries = queriesOf(statement.withClause, source)
  if (queries === undefined || hasCursor(statement.whereClause)) return {}
  return selected({
    ...queries,
    target: textAfterKeyword(source, 'FROM', { ends: ['USING', 'WHERE', 'RETURNING'] }),
    joined: statement.usingClause
      ? textAfterKeyword(source, 'USING', { ends: ['WHERE', 'RETURNING'] })
      : undefined,
    where: whereOf(statement.whereClause, source),
  })
}

/** The rows that an UPDATE affects, as the text after SELECT … FROM. */
export function touchedByUpdate(statement: UpdateStmt, source: Source): Touched {
  const queries = queriesOf(statement.withClause, source)
  if (queries === undefined || hasCursor(statement.whereClause)) return {}
  // The FROM of IS DISTINCT FROM would be mistaken for that of the statement.
  if (statement.fromClause && hasDistinctFrom(source.text)) return {}
  return selected({
    ...queries,
    target: textAfterKeyword(source, 'UPDATE', { ends: ['SET'] }),
    joined: statement.fromClause
      ? textAfterKeyword(source, 'FROM', { ends: ['WHERE', 'RETURNING'] })
      : undefined,
    where: whereOf(statement.whereClause, source),
  })
}

function hasDistinctFrom(text: string): boolean {
  const words = tokensOf(text).map((token) => token.text.toUpperCase())
  return words.some((word, at) => word === 'DISTINCT' && words[at + 1] === 'FROM')
}

/** The text after WITH; undefined if one of its queries changes rows itself. */
function queriesOf(
  clause: DeleteStmt['withClause'],
  source: Source,
): { readonly with?: string } | undefined {
  if (clause === undefined) return {}
  const queries = (clause.ctes ?? []).flatMap((node) =>
    'CommonTableExpr' in node ? [node.CommonTableExpr.ctequery] : [],
  )
  if (!queries.every((query) => query !== undefined && 'SelectStmt' in query)) return undefined
  const text = textAfterKeyword(source, 'WITH', { ends: ['UPDATE', 'DELETE'] })
  return text === undefined ? undefined : { with: text }
}

function hasCursor(where: Node | undefined): boolean {
  return where !== undefined && 'CurrentOfExpr' in where
}

function whereOf(clause: Node | undefined, source: Source): string | undefined {
  return clause && textAfterKeyword(source, 'WHERE', { ends: ['RETURNING'] })
}

interface Parts {
  readonly with?: string
  readonly target: string | undefined
  readonly joined: string | undefined
  readonly where: string | undefined
}

function selected({ target, joined, where, ...queries }: Parts): Touched {
  if (target === undefined) return {}
  if (joined !== undefined)
    return {
      ...queries,
      touches: `${target} WHERE EXISTS (SELECT FROM ${joined} WHERE ${where ?? 'true'})`,
    }
  return { ...queries, touches: where === undefined ? target : `${target} WHERE ${where}` }
}
