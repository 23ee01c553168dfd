import type { Node } from 'libpg-query'
import { behind, type Source } from './clause-text.ts'

type DeleteStmt = Extract<Node, { DeleteStmt: unknown }>['DeleteStmt']
type UpdateStmt = Extract<Node, { UpdateStmt: unknown }>['UpdateStmt']

interface Touched {
  readonly touches?: string
}

/** The rows that a DELETE touches, as what follows SELECT … FROM. */
export function touchedByDelete(statement: DeleteStmt, source: Source): Touched {
  if (statement.withClause || hasCursor(statement.whereClause)) return {}
  return selected({
    target: behind(source, 'FROM', { ends: ['USING', 'WHERE', 'RETURNING'] }),
    joined: statement.usingClause
      ? behind(source, 'USING', { ends: ['WHERE', 'RETURNING'] })
      : undefined,
    where: whereOf(statement.whereClause, source),
  })
}

/** The same of an UPDATE. */
export function touchedByUpdate(statement: UpdateStmt, source: Source): Touched {
  if (statement.withClause || hasCursor(statement.whereClause)) return {}
  // This FROM would be taken for that of the statement.
  if (statement.fromClause && /\bDISTINCT\s+FROM\b/i.test(source.text)) return {}
  return selected({
    target: behind(source, 'UPDATE', { ends: ['SET'] }),
    joined: statement.fromClause
      ? behind(source, 'FROM', { ends: ['WHERE', 'RETURNING'] })
      : undefined,
    where: whereOf(statement.whereClause, source),
  })
}

function hasCursor(where: Node | undefined): boolean {
  return where !== undefined && 'CurrentOfExpr' in where
}

function whereOf(clause: Node | undefined, source: Source): string | undefined {
  return clause && behind(source, 'WHERE', { ends: ['RETURNING'] })
}

interface Parts {
  readonly target: string | undefined
  readonly joined: string | undefined
  readonly where: string | undefined
}

function selected({ target, joined, where }: Parts): Touched {
  if (target === undefined) return {}
  if (joined !== undefined)
    return { touches: `${target} WHERE EXISTS (SELECT FROM ${joined} WHERE ${where ?? 'true'})` }
  return { touches: where === undefined ? target : `${target} WHERE ${where}` }
}
