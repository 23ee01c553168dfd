import type {
  AlterTableStmt,
  CreateIndexStmt,
  CreateTableStmt,
  Expr,
  InsertStmt,
  PragmaStmt,
  Stmt,
} from 'sqlite3-parser'
import { assertNever } from '../../kernel/index.ts'
import type { Action, InsertedRows, ObjectName } from '../action.ts'
import { columnOf, constraintOf, keysOf, objectNameOf, textOf } from './definition.ts'
import { rowCopyOf } from './row-copy.ts'

/**
 * What a statement does. Never empty: statements that Slipway does not judge are `other`. `sql` is the whole
 * file.
 */
export function sqliteActions(node: Stmt, sql: string): readonly Action[] {
  switch (node.type) {
    case 'CreateTableStmt':
      return [tableMade(node, sql)]
    case 'CreateVirtualTableStmt':
      return [
        {
          kind: 'create-table',
          table: objectNameOf(node.tblName),
          // Its module decides which columns it has.
          columns: [],
          constraints: [],
          ifNotExists: node.ifNotExists,
          filled: false,
        },
      ]
    case 'AlterTableStmt':
      return [tableAltered(node, sql)]
    case 'CreateIndexStmt':
      return [indexMade(node, sql)]
    case 'CreateViewStmt':
      return [{ kind: 'create-view', view: objectNameOf(node.viewName), materialized: false }]
    case 'CreateTriggerStmt':
      return [
        {
          kind: 'create-trigger',
          table: objectNameOf(node.tblName),
          name: node.triggerName.objName.text,
        },
      ]
    case 'DropTableStmt':
      return [dropped('table', objectNameOf(node.tblName), node.ifExists)]
    case 'DropViewStmt':
      return [dropped('view', objectNameOf(node.viewName), node.ifExists)]
    case 'DropTriggerStmt':
      return [dropped('other', objectNameOf(node.triggerName), node.ifExists)]
    case 'DropIndexStmt':
      return [
        {
          kind: 'drop-index',
          index: objectNameOf(node.idxName),
          concurrently: false,
          ifExists: node.ifExists,
        },
      ]
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
      return [rowsChanged(node, sql)]
    case 'VacuumStmt':
      return [{ kind: 'vacuum', full: true }]
    case 'PragmaStmt':
      return [pragma(node, sql)]
    case 'ReindexStmt':
      return [{ kind: 'reindex', concurrently: false }]
    default:
      return [{ kind: 'other', statement: node.type }]
  }
}

function pragma({ name, body }: PragmaStmt, sql: string): Action {
  const value = body && textOf(sql, body.value)
  const setting = { kind: 'pragma', name: name.objName.text.toLowerCase() } as const
  return value === undefined ? setting : { ...setting, value }
}

function tableMade(node: CreateTableStmt, sql: string): Action {
  const { temporary, tblName, ifNotExists, body } = node
  const table = temporary ? { schema: 'temp', name: tblName.objName.text } : objectNameOf(tblName)
  const made = { kind: 'create-table', table, ifNotExists } as const
  if (body.type === 'AsSelectCreateTableBody') {
    return { ...made, columns: [], constraints: [], filled: true }
  }
  return {
    ...made,
    columns: body.columns.map((column) => columnOf(column, sql)),
    constraints: (body.constraints ?? []).map((one) => constraintOf(one, sql)),
    filled: false,
  }
}

function tableAltered({ tblName, body }: AlterTableStmt, sql: string): Action {
  const table = objectNameOf(tblName)
  switch (body.type) {
    case 'RenameToAlterTableBody':
      return {
        kind: 'rename',
        of: 'table',
        ...(table.schema === undefined ? {} : { schema: table.schema }),
        from: table.name,
        to: body.name.text,
      }
    case 'RenameColumnAlterTableBody':
      return { kind: 'rename', of: 'column', table, from: body.old.text, to: body.new.text }
    case 'AddColumnAlterTableBody':
      return { kind: 'add-column', table, column: columnOf(body.column, sql), ifNotExists: false }
    case 'DropColumnAlterTableBody':
      return { kind: 'drop-column', table, column: body.column.text, cascade: false }
    case 'SetColumnNotNullAlterTableBody':
      return { kind: 'set-not-null', table, column: body.column.text }
    case 'DropColumnNotNullAlterTableBody':
      return { kind: 'drop-not-null', table, column: body.column.text }
    case 'AddConstraintAlterTableBody':
      return { kind: 'add-constraint', table, constraint: constraintOf(body.constraint, sql) }
    case 'DropConstraintAlterTableBody':
      return { kind: 'drop-constraint', table, name: body.name.text }
    default:
      return assertNever(body)
  }
}

function indexMade(node: CreateIndexStmt, sql: string): Action {
  const { schema, name } = objectNameOf(node.idxName)
  const table = { ...(schema === undefined ? {} : { schema }), name: node.tblName.text }
  const columns = keysOf(node.columns)
  const keys = columns.includes('') ? node.columns.map(({ expr }) => textOf(sql, expr)) : undefined
  return {
    kind: 'create-index',
    table,
    name,
    unique: node.unique,
    concurrently: false,
    ifNotExists: node.ifNotExists,
    method: 'btree',
    columns,
    ...(keys === undefined ? {} : { keys }),
    ...(node.whereClause === undefined ? {} : { where: textOf(sql, node.whereClause) }),
    nullsEqual: false,
  }
}

function dropped(of: 'table' | 'view' | 'other', object: ObjectName, ifExists: boolean): Action {
  return { kind: 'drop', of, object, cascade: false, ifExists }
}

function rowsChanged(
  node: Extract<Stmt, { type: 'InsertStmt' | 'UpdateStmt' | 'DeleteStmt' }>,
  sql: string,
): Action {
  const table = objectNameOf(node.tblName)
  switch (node.type) {
    case 'InsertStmt': {
      const inserted = insertedRows(node)
      const copies = rowCopyOf(node)
      const assigns = columnsOfUpsert(node)
      return {
        kind: 'insert',
        table,
        ...(inserted === undefined ? {} : { inserted }),
        ...(copies === undefined ? {} : { copies }),
        ...(mayUpdate(node) ? { updates: true } : {}),
        ...(assigns.length === 0 ? {} : { assigns }),
        ...(node.with === undefined ? {} : { hasWith: true }),
      }
    }
    case 'UpdateStmt':
      return {
        kind: 'update',
        table,
        columns: node.sets.flatMap(({ colNames }) => colNames.map(({ text }) => text)),
        ...(node.whereClause === undefined ? {} : { where: textOf(sql, node.whereClause) }),
      }
    case 'DeleteStmt':
      return {
        kind: 'delete',
        table,
        ...(node.whereClause === undefined ? {} : { where: textOf(sql, node.whereClause) }),
      }
    default:
      return assertNever(node)
  }
}

/** Whether existing rows may change: through ON CONFLICT DO UPDATE or REPLACE. */
function mayUpdate({ body, orConflict }: InsertStmt): boolean {
  const upsert = body.type === 'SelectInsertBody' && body.upsert !== undefined
  return upsert || orConflict === 'Replace'
}

/** The columns that ON CONFLICT DO UPDATE sets, in all of its clauses. */
function columnsOfUpsert({ body }: InsertStmt): string[] {
  const columns: string[] = []
  let upsert = body.type === 'SelectInsertBody' ? body.upsert : undefined
  for (; upsert; upsert = upsert.next) {
    if (upsert.doClause.type === 'SetUpsertDo')
      columns.push(
        ...upsert.doClause.sets.flatMap(({ colNames }) => colNames.map(({ text }) => text)),
      )
  }
  return columns
}

/** Rows that are written out, and surely new. */
function insertedRows({ body, columns, orConflict }: InsertStmt): InsertedRows | undefined {
  if (orConflict !== undefined || columns === undefined) return undefined
  if (body.type !== 'SelectInsertBody' || body.upsert !== undefined) return undefined
  const { select, compounds = [] } = body.select
  if (select.type !== 'SelectValues' || compounds.length > 0) return undefined
  return {
    columns: columns.map(({ text }) => text),
    rows: select.values.map(({ values }) => values.map(constantOf)),
  }
}

/** The text of a constant: of a number in decimal digits, as a column returns it. */
function constantOf(value: Expr): string | undefined {
  if (value.type === 'StringLiteral') return value.value
  const isSigned = value.type === 'UnaryExpr' && ['Negative', 'Positive'].includes(value.op)
  const number = isSigned ? value.expr : value
  if (number.type !== 'NumericLiteral') return undefined
  const digits = number.value.replaceAll('_', '')
  const text = /^0x/i.test(digits) ? BigInt.asIntN(64, BigInt(digits)).toString() : digits
  return isSigned && value.op === 'Negative' ? `-${text}` : text
}
