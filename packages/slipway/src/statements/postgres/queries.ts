import type { Node, WithClause } from 'libpg-query'
import type { Action } from '../action.ts'
import { relationName } from './definition.ts'

/** What the queries of a WITH change themselves; no query beforehand can tell which rows. */
export function changedByQueries(node: Node): Action[] {
  const clause = withClauseOf(node)
  return (clause?.ctes ?? []).flatMap((item): Action[] => {
    const query = 'CommonTableExpr' in item ? item.CommonTableExpr.ctequery : undefined
    return query ? [...changes(query), ...changedByQueries(query)] : []
  })
}

function withClauseOf(node: Node): WithClause | undefined {
  if ('InsertStmt' in node) {
    const { withClause, selectStmt } = node.InsertStmt
    return withClause ?? (selectStmt && withClauseOf(selectStmt))
  }
  if ('UpdateStmt' in node) return node.UpdateStmt.withClause
  if ('DeleteStmt' in node) return node.DeleteStmt.withClause
  if ('MergeStmt' in node) return node.MergeStmt.withClause
  return 'SelectStmt' in node ? node.SelectStmt.withClause : undefined
}

function changes(query: Node): Action[] {
  if ('DeleteStmt' in query) {
    const { relation, whereClause } = query.DeleteStmt
    return [{ kind: 'delete', table: relationName(relation), ...someRows(whereClause) }]
  }
  if ('UpdateStmt' in query) {
    const { relation, targetList = [], whereClause } = query.UpdateStmt
    const columns = targetList.flatMap((item) =>
      'ResTarget' in item ? [item.ResTarget.name ?? ''] : [],
    )
    return [{ kind: 'update', table: relationName(relation), columns, ...someRows(whereClause) }]
  }
  if ('InsertStmt' in query)
    return [{ kind: 'insert', table: relationName(query.InsertStmt.relation) }]
  return 'MergeStmt' in query ? [{ kind: 'other', statement: 'MergeStmt' }] : []
}

/** There is a condition, whose text nobody needs. */
function someRows(clause: Node | undefined): { readonly where?: string } {
  return clause === undefined ? {} : { where: '…' }
}
