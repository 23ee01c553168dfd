import type {
  ColumnDefinition as ColumnNode,
  Expr,
  ForeignKeyClause,
  NamedTableConstraint,
  QualifiedName,
  SortedColumn,
} from 'sqlite3-parser'
import { assertNever } from '../../kernel/index.ts'
import type { ColumnDefinition, ConstraintDefinition, ObjectName } from '../action.ts'

/** A name as a statement writes it. */
export function objectNameOf({ dbName, objName }: QualifiedName): ObjectName {
  return dbName === undefined ? { name: objName.text } : { schema: dbName.text, name: objName.text }
}

/** The SQL of a part of a statement. */
export function textOf(
  sql: string,
  { span }: { span: { offset: number; length: number } },
): string {
  return sql.slice(span.offset, span.offset + span.length).trim()
}

/** A column of CREATE TABLE or ADD COLUMN. */
export function columnOf(column: ColumnNode, sql: string): ColumnDefinition {
  const name = column.colName.text
  const parts = column.constraints.map(({ constraint }) => constraint)
  const isKey = parts.some(
    (part) => part.type === 'PrimaryKeyColumnConstraint' && part.autoIncrement,
  )
  const generated = parts.find((part) => part.type === 'GeneratedColumnConstraint')
  const value = parts.find((part) => part.type === 'DefaultColumnConstraint')
  const filledBy = generated ? kindOfGenerated(generated.typ?.name) : isKey ? 'identity' : undefined
  return {
    name,
    type: typeOf(column, sql),
    notNull: parts.some((part) => part.type === 'NotNullColumnConstraint' && !part.nullable),
    ...(value === undefined ? {} : { default: { kind: 'constant' as const } }),
    ...(filledBy === undefined ? {} : { filledBy }),
    constraints: column.constraints.flatMap(({ name: own, constraint }): ConstraintDefinition[] => {
      const named = own === undefined ? {} : { name: own.text }
      const base = { ...named, columns: [name], notValid: false }
      switch (constraint.type) {
        case 'PrimaryKeyColumnConstraint':
          return [{ kind: 'primary-key', ...base }]
        case 'UniqueColumnConstraint':
          return [{ kind: 'unique', ...base }]
        case 'CheckColumnConstraint':
          return [{ kind: 'check', ...base, expression: textOf(sql, constraint.expr) }]
        case 'ForeignKeyColumnConstraint':
          return [{ kind: 'foreign-key', ...base, references: referencesOf(constraint.clause) }]
        case 'NotNullColumnConstraint':
        case 'DefaultColumnConstraint':
        case 'DeferColumnConstraint':
        case 'CollateColumnConstraint':
        case 'GeneratedColumnConstraint':
          return []
        default:
          return assertNever(constraint)
      }
    }),
  }
}

/**
 * The type as SQLite stores it: the text after the name, without GENERATED ALWAYS, which the grammar
 * includes.
 */
export function typeOf({ colType }: ColumnNode, sql: string): string {
  if (colType === undefined) return ''
  const text = textOf(sql, colType)
  return text.replace(/\s*generated\s+always$/i, '')
}

function kindOfGenerated(word: string | undefined): 'stored' | 'virtual' {
  return word?.toLowerCase() === 'stored' ? 'stored' : 'virtual'
}

/** A constraint of a table. */
export function constraintOf(
  { name, constraint }: NamedTableConstraint,
  sql: string,
): ConstraintDefinition {
  const base = { ...(name === undefined ? {} : { name: name.text }), notValid: false }
  switch (constraint.type) {
    case 'PrimaryKeyTableConstraint':
      return { kind: 'primary-key', ...base, columns: keysOf(constraint.columns) }
    case 'UniqueTableConstraint':
      return { kind: 'unique', ...base, columns: keysOf(constraint.columns) }
    case 'CheckTableConstraint':
      return { kind: 'check', ...base, columns: [], expression: textOf(sql, constraint.expr) }
    case 'ForeignKeyTableConstraint':
      return {
        kind: 'foreign-key',
        ...base,
        columns: constraint.columns.map(({ colName }) => colName.text),
        references: referencesOf(constraint.clause),
      }
    default:
      return assertNever(constraint)
  }
}

function referencesOf({ tblName, columns = [] }: ForeignKeyClause) {
  return { table: { name: tblName.text }, columns: columns.map(({ colName }) => colName.text) }
}

/** The columns of a key in order; an empty string for an expression. */
export function keysOf(columns: readonly SortedColumn[]): string[] {
  return columns.map(({ expr }) => columnNameOf(expr))
}

function columnNameOf(expr: Expr): string {
  switch (expr.type) {
    case 'Id':
      return expr.name
    case 'NameExpr':
      return expr.name.text
    // A column may be named by "text" in quotes, and sorted by a collation.
    case 'StringLiteral':
      return expr.value
    case 'CollateExpr':
      return columnNameOf(expr.expr)
    default:
      return ''
  }
}
