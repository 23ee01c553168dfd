import type {
  AlterTableStmt,
  CreateIndexStmt,
  CreateTriggerStmt,
  CreateViewStmt,
  DeleteStmt,
  Name,
  PragmaStmt,
  Stmt,
  UpdateStmt,
} from 'sqlite3-parser'
import { assertNever } from '../../kernel/index.ts'
import type { Statement } from '../statement.ts'
import { keysOf, textOf } from './definition.ts'
import type { SqliteDetail, SqliteIndex, SqliteNames, SqliteTrigger, SqliteView } from './detail.ts'
import { conflictOf, insertion, selectOf } from './insertion.ts'
import { namesIn } from './names.ts'
import { sqliteParser } from './parser.ts'
import { columnParts, tableDefinition, virtualTable } from './table-definition.ts'

type Text = Pick<Statement, 'text'>

interface Parsed {
  readonly node: Stmt
  readonly text: string
  readonly detail: SqliteDetail
}

const parsed = new WeakMap<Text, Parsed>()

/**
 * What a statement of SQLite does, in more detail than its actions. Positions count from the beginning of its
 * text. Needs `loadSqliteParser` first. Each statement is parsed once.
 */
export function sqliteDetail(statement: Text): SqliteDetail {
  return parsedOf(statement).detail
}

/** Everything that a statement names. */
export function sqliteNames(statement: Text): SqliteNames {
  const { node, text } = parsedOf(statement)
  return namesIn([node], text)
}

/** The node of a statement, whose positions count from the beginning of its text. */
export function sqliteNode(statement: Text): Stmt {
  return parsedOf(statement).node
}

function parsedOf(statement: Text): Parsed {
  const known = parsed.get(statement)
  if (known) return known
  const { text } = statement
  const node = sqliteParser().parseStmtOrThrow(text).root
  const read = { node, text, detail: detailOf(node, text) }
  parsed.set(statement, read)
  return read
}

function detailOf(node: Stmt, sql: string): SqliteDetail {
  switch (node.type) {
    case 'CreateTableStmt':
      return {
        kind: 'create-table',
        table: tableDefinition(node, sql),
        nameAt: placeOf(node.tblName.objName),
        ifNotExists: node.ifNotExists,
        ...(node.body.type === 'AsSelectCreateTableBody'
          ? { as: selectOf(node.body.select, sql) }
          : {}),
      }
    case 'CreateVirtualTableStmt':
      return {
        kind: 'create-table',
        table: virtualTable(node, sql),
        nameAt: placeOf(node.tblName.objName),
        ifNotExists: node.ifNotExists,
      }
    case 'CreateIndexStmt':
      return { kind: 'create-index', index: indexOf(node, sql), ifNotExists: node.ifNotExists }
    case 'CreateTriggerStmt':
      return {
        kind: 'create-trigger',
        trigger: triggerOf(node, sql),
        ifNotExists: node.ifNotExists,
      }
    case 'CreateViewStmt':
      return { kind: 'create-view', view: viewOf(node, sql), ifNotExists: node.ifNotExists }
    case 'AlterTableStmt':
      return alteration(node, sql)
    case 'DropTableStmt':
      return dropped('table', node.tblName.objName.text, node.ifExists)
    case 'DropViewStmt':
      return dropped('view', node.viewName.objName.text, node.ifExists)
    case 'DropIndexStmt':
      return dropped('index', node.idxName.objName.text, node.ifExists)
    case 'DropTriggerStmt':
      return dropped('trigger', node.triggerName.objName.text, node.ifExists)
    case 'InsertStmt':
      return insertion(node, sql)
    case 'UpdateStmt':
    case 'DeleteStmt':
      return change(node, sql)
    case 'PragmaStmt':
      return pragma(node, sql)
    case 'BeginStmt':
    case 'CommitStmt':
    case 'RollbackStmt':
    case 'SavepointStmt':
    case 'ReleaseStmt':
      return { kind: 'transaction', verb: verbOf(node) }
    case 'AttachStmt':
      return { kind: 'attach' }
    case 'DetachStmt':
      return { kind: 'detach' }
    case 'VacuumStmt':
      return { kind: 'vacuum' }
    case 'ReindexStmt':
      return { kind: 'reindex' }
    case 'AnalyzeStmt':
      return { kind: 'analyze' }
    case 'ExplainStmt':
      return { kind: 'explain' }
    case 'SelectStmt':
      return { kind: 'select' }
    default:
      return assertNever(node)
  }
}

function placeOf({ span: { offset, length } }: Name) {
  return { start: offset, end: offset + length }
}

type TransactionStmt = Extract<
  Stmt,
  { type: 'BeginStmt' | 'CommitStmt' | 'RollbackStmt' | 'SavepointStmt' | 'ReleaseStmt' }
>

function verbOf(node: TransactionStmt): Extract<SqliteDetail, { kind: 'transaction' }>['verb'] {
  switch (node.type) {
    case 'BeginStmt':
      return 'BEGIN'
    case 'CommitStmt':
      return 'COMMIT'
    case 'RollbackStmt':
      return node.savepointName === undefined ? 'ROLLBACK' : 'ROLLBACK TO'
    case 'SavepointStmt':
      return 'SAVEPOINT'
    case 'ReleaseStmt':
      return 'RELEASE'
  }
}

function dropped(
  of: Extract<SqliteDetail, { kind: 'drop' }>['of'],
  name: string,
  ifExists: boolean,
): SqliteDetail {
  return { kind: 'drop', of, name, ifExists }
}

function viewOf(node: CreateViewStmt, sql: string): SqliteView {
  return {
    name: node.viewName.objName.text,
    temporary: node.temporary,
    names: namesIn([node.select], sql),
    text: textOf(sql, node),
  }
}

function indexOf(node: CreateIndexStmt, sql: string): SqliteIndex {
  return {
    name: node.idxName.objName.text,
    table: node.tblName.text,
    unique: node.unique,
    columns: keysOf(node.columns),
    partial: node.whereClause !== undefined,
    names: namesIn([...node.columns, node.whereClause], sql),
    text: textOf(sql, node),
  }
}

function triggerOf(node: CreateTriggerStmt, sql: string): SqliteTrigger {
  const { event } = node
  return {
    name: node.triggerName.objName.text,
    table: node.tblName.objName.text,
    event: EVENTS[event.type],
    of: event.type === 'UpdateOfTriggerEvent' ? event.columns.map(({ text }) => text) : [],
    temporary: node.temporary,
    names: namesIn([node.whenClause, ...node.commands], sql),
    text: textOf(sql, node),
  }
}

const EVENTS = {
  InsertTriggerEvent: 'insert',
  UpdateTriggerEvent: 'update',
  UpdateOfTriggerEvent: 'update',
  DeleteTriggerEvent: 'delete',
} as const

function alteration({ tblName, body }: AlterTableStmt, sql: string): SqliteDetail {
  const table = tblName.objName.text
  switch (body.type) {
    case 'RenameToAlterTableBody':
      return { kind: 'rename-table', table, to: body.name.text }
    case 'RenameColumnAlterTableBody':
      return { kind: 'rename-column', table, from: body.old.text, to: body.new.text }
    case 'AddColumnAlterTableBody': {
      const { column, checks, foreignKeys } = columnParts(body.column, sql)
      return { kind: 'add-column', table, column, checks, foreignKeys }
    }
    case 'DropColumnAlterTableBody':
      return { kind: 'drop-column', table, column: body.column.text }
    case 'SetColumnNotNullAlterTableBody':
      return { kind: 'alter-constraint', table, change: 'SET NOT NULL', column: body.column.text }
    case 'DropColumnNotNullAlterTableBody':
      return { kind: 'alter-constraint', table, change: 'DROP NOT NULL', column: body.column.text }
    case 'AddConstraintAlterTableBody':
      return { kind: 'alter-constraint', table, change: 'ADD CONSTRAINT' }
    case 'DropConstraintAlterTableBody':
      return { kind: 'alter-constraint', table, change: 'DROP CONSTRAINT' }
    default:
      return assertNever(body)
  }
}

function change(node: UpdateStmt | DeleteStmt, sql: string): SqliteDetail {
  const { whereClause, limit } = node
  const table = node.tblName.objName.text
  const where = whereClause === undefined ? {} : { where: textOf(sql, whereClause) }
  if (node.type === 'DeleteStmt') {
    return { kind: 'delete', table, ...where, limited: limit !== undefined }
  }
  const { sets, from, orConflict } = node
  return {
    kind: 'update',
    table,
    ...where,
    limited: limit !== undefined || from !== undefined,
    ...(orConflict === undefined ? {} : { conflict: conflictOf(orConflict) }),
    values: namesIn([...sets.map(({ expr }) => expr), from], sql),
  }
}

function pragma({ name, body }: PragmaStmt, sql: string): SqliteDetail {
  const value = body?.value
  const text =
    value === undefined
      ? undefined
      : value.type === 'NameExpr'
        ? value.name.text
        : value.type === 'StringLiteral'
          ? value.value
          : textOf(sql, value)
  return {
    kind: 'pragma',
    name: name.objName.text.toLowerCase(),
    ...(text === undefined ? {} : { value: text }),
  }
}
