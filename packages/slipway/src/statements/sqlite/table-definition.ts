import type {
  ColumnConstraint,
  ColumnDefinition,
  CreateTableStmt,
  CreateVirtualTableStmt,
  DefaultColumnConstraint,
  DeferSubclause,
  Expr,
  ForeignKeyClause,
  GeneratedColumnConstraint,
  Name,
  NamedTableConstraint,
} from 'sqlite3-parser'
import { assertNever } from '../../kernel/index.ts'
import { keysOf, textOf, typeOf } from './definition.ts'
import type {
  SqliteCheck,
  SqliteColumn,
  SqliteDefault,
  SqliteForeignKey,
  SqliteKey,
  SqliteReaction,
  SqliteTable,
} from './detail.ts'
import { namesIn } from './names.ts'
import { conflictText, keyOf, keysOfColumn } from './table-keys.ts'

/** A column with the constraints that it adds to its table. */
export interface ColumnParts {
  readonly column: SqliteColumn
  readonly autoincrement: boolean
  readonly keys: readonly SqliteKey[]
  readonly checks: readonly SqliteCheck[]
  readonly foreignKeys: readonly SqliteForeignKey[]
}

/** Reads the definition of a table. A table that a query defines has no columns here. */
export function tableDefinition(node: CreateTableStmt, sql: string): SqliteTable {
  const { body, tblName } = node
  const own = {
    name: tblName.objName.text,
    temporary: node.temporary || tblName.dbName?.text.toLowerCase() === 'temp',
    text: textOf(sql, node),
  }
  if (body.type === 'AsSelectCreateTableBody') return { ...NOTHING, ...own }
  const columns = body.columns.map((column) => columnParts(column, sql))
  const constraints = body.constraints ?? []
  return {
    ...own,
    columns: columns.map(({ column }) => column),
    primaryKey: primaryKeyOf(
      columns.map(({ column }) => column),
      constraints,
    ),
    autoincrement:
      columns.some(({ autoincrement }) => autoincrement) ||
      constraints.some(
        ({ constraint }) =>
          constraint.type === 'PrimaryKeyTableConstraint' && constraint.autoIncrement,
      ),
    uniques: [
      ...columns.filter(({ column }) => column.unique).map(({ column }) => [column.name]),
      ...constraints.flatMap(({ constraint }) =>
        constraint.type === 'UniqueTableConstraint' ? [keysOf(constraint.columns)] : [],
      ),
    ],
    keys: [
      ...columns.flatMap(({ keys }) => keys),
      ...constraints.flatMap((one) => keyOf(one, constraintTexts(one, sql))),
    ],
    checks: [
      ...columns.flatMap(({ checks }) => checks),
      ...constraints.flatMap((one) => checkOf(one, sql)),
    ],
    foreignKeys: [
      ...columns.flatMap(({ foreignKeys }) => foreignKeys),
      ...constraints.flatMap((one) => foreignKeyOf(one, sql)),
    ],
    constraints: constraints.map((one) => constraintTexts(one, sql).text),
    strict: (body.flags & STRICT) !== 0,
    withoutRowid: (body.flags & WITHOUT_ROWID) !== 0,
  }
}

/** Reads a virtual table. Its columns are unknown: its module decides them. */
export function virtualTable(node: CreateVirtualTableStmt, sql: string): SqliteTable {
  return {
    ...NOTHING,
    name: node.tblName.objName.text,
    temporary: false,
    module: node.moduleName.text.toLowerCase(),
    text: textOf(sql, node),
  }
}

const NOTHING = {
  columns: [],
  constraints: [],
  primaryKey: [],
  autoincrement: false,
  uniques: [],
  keys: [],
  checks: [],
  foreignKeys: [],
  strict: false,
  withoutRowid: false,
}

/** SQLite's own flags of a table, which the parser passes on. Source: src/sqliteInt.h. */
const STRICT = 0x10000
const WITHOUT_ROWID = 0x80

function constraintTexts({ name, constraint, span }: NamedTableConstraint, sql: string) {
  const unnamed = sql.slice(constraint.span.offset, span.offset + span.length).trim()
  const text = name === undefined ? unnamed : `CONSTRAINT ${nameText(name, sql)} ${unnamed}`
  return { text, unnamed }
}

function nameText({ span }: Name, sql: string): string {
  return sql.slice(span.offset, span.offset + span.length)
}

function primaryKeyOf(
  columns: readonly SqliteColumn[],
  constraints: readonly NamedTableConstraint[],
): string[] {
  const ofTable = constraints.flatMap(({ constraint }) =>
    constraint.type === 'PrimaryKeyTableConstraint' ? keysOf(constraint.columns) : [],
  )
  return [...columns.filter(({ primaryKey }) => primaryKey).map(({ name }) => name), ...ofTable]
}

function checkOf({ name, constraint }: NamedTableConstraint, sql: string): SqliteCheck[] {
  if (constraint.type !== 'CheckTableConstraint') return []
  return [
    {
      ...(name === undefined ? {} : { name: name.text }),
      text: textOf(sql, constraint.expr),
      names: namesIn([constraint.expr], sql),
    },
  ]
}

/** Reads a column of CREATE TABLE or ADD COLUMN. */
export function columnParts(node: ColumnDefinition, sql: string): ColumnParts {
  const name = node.colName.text
  const parts = node.constraints.map(({ constraint }) => constraint)
  const key = parts.find((part) => part.type === 'PrimaryKeyColumnConstraint')
  const value = parts.find((part) => part.type === 'DefaultColumnConstraint')
  const generated = parts.find((part) => part.type === 'GeneratedColumnConstraint')
  const collate = parts.findLast((part) => part.type === 'CollateColumnConstraint')
  return {
    column: {
      name,
      type: typeOf(node, sql),
      ...notNullOf(parts),
      primaryKey: key !== undefined,
      ...uniqueOf(node),
      ...(value === undefined ? {} : { default: defaultOf(value, sql) }),
      ...(collate === undefined ? {} : { collation: nameText(collate.collationName, sql) }),
      ...(generated === undefined ? {} : { generated: generatedOf(generated, sql) }),
      ...textsOf(node, sql),
    },
    autoincrement: key?.autoIncrement === true,
    keys: keysOfColumn(node, sql),
    checks: node.constraints.flatMap(({ name: own, constraint }) =>
      constraint.type === 'CheckColumnConstraint'
        ? [
            {
              ...(own === undefined ? {} : { name: own.text }),
              text: textOf(sql, constraint.expr),
              names: namesIn([constraint.expr], sql),
              column: name,
            },
          ]
        : [],
    ),
    foreignKeys: parts.flatMap((part, at): SqliteForeignKey[] => {
      if (part.type !== 'ForeignKeyColumnConstraint') return []
      const next = parts[at + 1]
      const deferred = isDeferred(
        part.deferClause ?? (next?.type === 'DeferColumnConstraint' ? next.clause : undefined),
      )
      return [{ ...foreignKey(part.clause, [name]), ofColumn: true, deferred }]
    }),
  }
}

function notNullOf(parts: readonly ColumnConstraint[]) {
  const found = parts.findLast((part) => part.type === 'NotNullColumnConstraint')
  if (found === undefined || found.nullable) return { notNull: false }
  const conflict = conflictText(found.conflictClause)
  return { notNull: true, ...(conflict === '' ? {} : { notNullOnConflict: `NOT NULL${conflict}` }) }
}

function uniqueOf({ constraints }: ColumnDefinition) {
  const one = constraints.find(({ constraint }) => constraint.type === 'UniqueColumnConstraint')
  if (one === undefined) return { unique: false }
  const { offset, length } = one.span
  return { unique: true, uniqueAt: { start: offset, end: offset + length } }
}

/** The parser gives all columns the start of the table's first column. */
function textsOf({ colName, span }: ColumnDefinition, sql: string) {
  const start = colName.span.offset
  const end = span.offset + span.length
  return {
    text: sql.slice(start, end).trim(),
    definition: sql.slice(start + colName.span.length, end).trim(),
  }
}

function generatedOf({ expr, typ }: GeneratedColumnConstraint, sql: string) {
  const kind = typ?.name.toLowerCase() === 'stored' ? 'stored' : 'virtual'
  return { kind, text: textOf(sql, expr), names: namesIn([expr], sql) } as const
}

function defaultOf({ expr }: DefaultColumnConstraint, sql: string): SqliteDefault {
  // The parser puts the start of an expression in parentheses at the word DEFAULT.
  const { offset, length } = expr.span
  const at = expr.type === 'ParenthesizedExpr' ? sql.indexOf('(', offset) : offset
  return { text: sql.slice(at, offset + length).trim(), at, kind: kindOfDefault(expr, sql) }
}

function kindOfDefault(expr: Expr, sql: string): SqliteDefault['kind'] {
  switch (expr.type) {
    case 'NullLiteral':
      return 'null'
    case 'Id':
      return sql[expr.span.offset] === '"' ? 'quoted' : 'constant'
    case 'NumericLiteral':
    case 'StringLiteral':
    case 'BlobLiteral':
      return 'constant'
    case 'UnaryExpr':
      return expr.op === 'Negative' || expr.op === 'Positive'
        ? kindOfDefault(expr.expr, sql)
        : 'computed'
    case 'ParenthesizedExpr': {
      // SQLite accepts a constant in parentheses, but computes nothing.
      const [only] = expr.exprs
      return only && expr.exprs.length === 1 ? kindOfDefault(only, sql) : 'computed'
    }
    default:
      return 'computed'
  }
}

const REACTIONS: Readonly<Record<string, SqliteReaction>> = {
  Cascade: 'cascade',
  SetNull: 'set-null',
  SetDefault: 'set-default',
  Restrict: 'restrict',
  NoAction: 'no-action',
}

function foreignKey(
  { tblName, columns = [], args }: ForeignKeyClause,
  own: readonly string[],
): Omit<SqliteForeignKey, 'ofColumn' | 'deferred'> {
  const action = args.find((arg) => arg.type === 'OnDeleteRefArg')?.action ?? 'NoAction'
  return {
    columns: own,
    table: tblName.text,
    targets: columns.map(({ colName }) => colName.text),
    onDelete: REACTIONS[action] ?? assertNever(action as never),
  }
}

function foreignKeyOf(named: NamedTableConstraint, sql: string): SqliteForeignKey[] {
  const { constraint } = named
  if (constraint.type !== 'ForeignKeyTableConstraint') return []
  const columns = constraint.columns.map(({ colName }) => colName.text)
  const deferred = isDeferred(constraint.deferClause)
  const { text } = constraintTexts(named, sql)
  return [{ ...foreignKey(constraint.clause, columns), ofColumn: false, deferred, text }]
}

function isDeferred(clause: DeferSubclause | undefined): boolean {
  return clause?.deferrable === true && clause.initDeferred === 'InitiallyDeferred'
}
