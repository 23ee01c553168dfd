import type { MergeStmt, Node, WithClause } from 'libpg-query'
import type { Action } from '../action.ts'
import { hasOption, relationName } from './definition.ts'

/**
 * The changes that the queries of a WITH make, and the query of a COPY, EXPLAIN or CREATE TABLE AS. No query
 * beforehand can tell which rows they affect.
 */
export function changedByQueries(node: Node): Action[] {
  const queries = (withClauseOf(node)?.ctes ?? []).map((item) =>
    'CommonTableExpr' in item ? item.CommonTableExpr.ctequery : undefined,
  )
  return [...queries, queryOf(node)].flatMap((query) =>
    query ? [...changes(query), ...changedByQueries(query)] : [],
  )
}

/** The query that another statement runs. */
function queryOf(node: Node): Node | undefined {
  if ('CreateTableAsStmt' in node) return node.CreateTableAsStmt.query
  if ('CopyStmt' in node) return node.CopyStmt.query
  const { options, query } = 'ExplainStmt' in node ? node.ExplainStmt : {}
  return hasOption(options, 'analyze') ? query : undefined
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
    const { relation, targetList, whereClause } = query.UpdateStmt
    const columns = columnsOf(targetList)
    return [{ kind: 'update', table: relationName(relation), columns, ...someRows(whereClause) }]
  }
  if ('InsertStmt' in query)
    return [{ kind: 'insert', table: relationName(query.InsertStmt.relation) }]
  return 'MergeStmt' in query ? mergedRows(query.MergeStmt) : []
}

/** What a MERGE does to its table, each kind of change once; its WHEN clauses are conditions. */
export function mergedRows({ relation, mergeWhenClauses = [] }: MergeStmt): Action[] {
  const table = relationName(relation)
  const clauses = mergeWhenClauses.flatMap((one) =>
    'MergeWhenClause' in one ? [one.MergeWhenClause] : [],
  )
  const does = (command: string) => clauses.filter(({ commandType }) => commandType === command)
  const updates = does('CMD_UPDATE')
  const columns = [...new Set(updates.flatMap(({ targetList }) => columnsOf(targetList)))]
  const deletes = does('CMD_DELETE')
  return [
    ...(updates.length > 0
      ? [{ kind: 'update' as const, table, columns, where: '…', ...several(updates) }]
      : []),
    ...(deletes.length > 0
      ? [{ kind: 'delete' as const, table, where: '…', ...several(deletes) }]
      : []),
    ...(does('CMD_INSERT').length > 0 ? [{ kind: 'insert' as const, table }] : []),
  ]
}

function several(clauses: readonly unknown[]): { readonly clauses?: number } {
  return clauses.length > 1 ? { clauses: clauses.length } : {}
}

/** The columns that a list of assignments sets. */
export function columnsOf(targets: readonly Node[] | undefined): string[] {
  return (targets ?? []).flatMap((item) => ('ResTarget' in item ? [item.ResTarget.name ?? ''] : []))
}

/** Tells that there is a condition; its text is not needed. */
function someRows(clause: Node | undefined): { readonly where?: string } {
  return clause === undefined ? {} : { where: '…' }
}
