import { quoteIdentifier } from '../../database/index.ts'
import {
  type SqliteCheck,
  type SqliteColumn,
  sqliteDefinitionParts,
  type SqliteTable,
} from '../../statements/index.ts'
import { isSameName } from './defined-objects.ts'

/** A part of CREATE TABLE that schema.prisma cannot express: a rebuild that Prisma writes loses it. */
export interface LostPart {
  readonly kind: 'check' | 'collation' | 'generated column' | 'strict' | 'without rowid'
  /** The column that it is written with, or that it is. */
  readonly column?: string
  /** As CREATE TABLE has it: `COLLATE NOCASE`. */
  readonly text: string
}

/**
 * The parts of a table that schema.prisma cannot express, that its successor does not have, and that it can have: all
 * columns which they name are still there. Needs `loadSqliteParser` first.
 */
export function lostParts(old: SqliteTable, made: SqliteTable): LostPart[] {
  const checks = new Set(made.checks.map(({ text }) => checkKey(text)))
  const generated = remainingGenerated(old, made)
  const isThere = (name: string) =>
    columnOf(made, name) !== undefined || generated.some((one) => isSameName(one.name, name))
  const canRemain = (names: SqliteCheck['names']) =>
    names.columns.every(({ name }) => !columnOf(old, name) || isThere(name))
  return [
    ...old.columns.flatMap((column): LostPart[] => {
      const next = columnOf(made, column.name)
      if (next === undefined) {
        return generated.includes(column)
          ? [{ kind: 'generated column', column: column.name, text: column.text }]
          : []
      }
      if (column.generated && !next.generated)
        return [{ kind: 'generated column', column: next.name, text: column.text }]
      if (column.collation === undefined || next.collation !== undefined) return []
      return [{ kind: 'collation', column: next.name, text: `COLLATE ${column.collation}` }]
    }),
    ...old.checks
      .filter(({ text, names, column }) => {
        // What is written with a generated column is in the text of that.
        const isGone = column !== undefined && columnOf(made, column) === undefined
        return !isGone && !checks.has(checkKey(text)) && canRemain(names)
      })
      .map(({ name, text, column }): LostPart => {
        const named = name === undefined ? '' : `CONSTRAINT ${quoteIdentifier(name)} `
        const of = column === undefined ? {} : { column }
        return { kind: 'check', ...of, text: `${named}CHECK (${text})` }
      }),
    ...(old.strict && !made.strict ? [{ kind: 'strict', text: 'STRICT' } as const] : []),
    ...(old.withoutRowid && !made.withoutRowid
      ? [{ kind: 'without rowid', text: 'WITHOUT ROWID' } as const]
      : []),
  ]
}

/** Generated columns that only the old table has, and whose expressions name nothing that is gone: neither directly nor by others. */
function remainingGenerated(old: SqliteTable, made: SqliteTable): SqliteColumn[] {
  let found = old.columns.filter(({ name, generated }) => generated && !columnOf(made, name))
  for (;;) {
    const isGone = ({ name }: { readonly name: string }) =>
      columnOf(old, name) !== undefined &&
      columnOf(made, name) === undefined &&
      !found.some((one) => isSameName(one.name, name))
    const remaining = found.filter(({ generated }) => !generated?.names.columns.some(isGone))
    if (remaining.length === found.length) return found
    found = remaining
  }
}

/**
 * Whether SQLite takes a table with a part: STRICT takes only some types, a table WITHOUT ROWID counts nothing, and a column
 * of schema.prisma is not generated.
 */
export function canHavePart(made: SqliteTable, { kind, column }: LostPart): boolean {
  switch (kind) {
    case 'strict':
      return made.columns.every(({ type }) => STRICT_TYPES.has(type.toUpperCase()))
    case 'without rowid':
      return !made.autoincrement
    case 'generated column':
      return column === undefined || columnOf(made, column) === undefined
    default:
      return true
  }
}

/** Source: https://www.sqlite.org/stricttables.html */
const STRICT_TYPES = new Set(['INT', 'INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY'])

/** The CREATE TABLE of a table with parts that it does not have, without a semicolon. */
export function withParts(made: SqliteTable, parts: readonly LostPart[]): string {
  const own = (column: SqliteColumn) =>
    parts.filter((part) => part.column !== undefined && isSameName(part.column, column.name))
  const textsOf = (kind: LostPart['kind']) =>
    parts.flatMap((part) => (part.kind === kind ? [part.text] : []))
  const isOfTable = ({ kind, column }: LostPart) => kind === 'check' && column === undefined
  const lines = [
    ...made.columns.map((column) =>
      [column.text, ...own(column).map(({ text }) => text)].join(' '),
    ),
    ...textsOf('generated column'),
    ...made.constraints,
    ...parts.filter(isOfTable).map(({ text }) => text),
  ]
  const options = [
    ...(made.strict ? ['STRICT'] : textsOf('strict')),
    ...(made.withoutRowid ? ['WITHOUT ROWID'] : textsOf('without rowid')),
  ]
  const body = lines.map((line) => `    ${line}`).join(',\n')
  const end = options.length === 0 ? '' : ` ${options.join(', ')}`
  return `CREATE TABLE ${quoteIdentifier(made.name)} (\n${body}\n)${end}`
}

function columnOf({ columns }: SqliteTable, name: string): SqliteColumn | undefined {
  return columns.find((one) => isSameName(one.name, name))
}

function checkKey(text: string): string {
  return sqliteDefinitionParts(`CREATE TABLE x (CHECK (${text}))`).join('\n')
}
