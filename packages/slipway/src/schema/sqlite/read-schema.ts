import type { Session } from '../../database/index.ts'
import {
  type ConstraintDefinition,
  parserFor,
  type StatementParser,
} from '../../statements/index.ts'
import { constraintName } from '../constraint-name.ts'
import {
  type Column,
  type Constraint,
  type DatabaseSchema,
  emptySchema,
  type Index,
  keyOf,
  type Table,
} from '../model.ts'
import type { SchemaParts } from '../schema-parts.ts'
import {
  type ColumnRow,
  type ForeignKeyRow,
  type IndexRow,
  readPragmas,
  type SqlitePragmas,
  type TableRow,
} from './read-pragmas.ts'

/**
 * Reads the schema of a SQLite database: what its pragmas report, and from the texts of its tables the checks
 * and the names of constraints, which no pragma reports. No rows are read.
 */
export async function readSqliteSchema(
  session: Session,
  parts: SchemaParts,
): Promise<DatabaseSchema> {
  const [pragmas, parser] = await Promise.all([readPragmas(session), parserFor('sqlite')])
  const empty = emptySchema(session.server.schema)
  const tables = new Map<string, Table>()
  const indexes = new Map<string, Index>()
  let { nextId } = empty
  for (const row of pragmas.tables) {
    const source: TableSource = { row, pragmas, written: constraintsWritten(row, parser) }
    const name = { schema: null, name: row.name }
    const columns = new Map<string, Column>()
    const id = nextId++
    for (const column of columnsOf(source)) {
      columns.set(column.name, columnOf(column, { source, parts, id: nextId++ }))
    }
    const constraints = parts.keys || parts.constraints ? constraintsOf(source) : []
    const triggers = parts.keys || parts.constraints ? triggersOf(source) : []
    tables.set(keyOf(empty, name), { ...name, onTarget: name, id, triggers, columns, constraints })
    for (const index of parts.keys || parts.constraints ? indexesOf(source, constraints) : []) {
      indexes.set(keyOf(empty, index), index)
    }
  }
  return { ...empty, tables, indexes, nextId }
}

interface TableSource {
  readonly row: TableRow
  readonly pragmas: SqlitePragmas
  /** The constraints as written in the text of the table. */
  readonly written: readonly ConstraintDefinition[]
}

/** Only the module of a virtual table knows its definition. */
function constraintsWritten({ type, sql }: TableRow, parser: StatementParser) {
  if (type === 'virtual') return []
  return parser
    .parse(sql)
    .flatMap(({ actions }) =>
      actions.flatMap((action) =>
        action.kind === 'create-table'
          ? [...action.columns.flatMap(({ constraints }) => constraints), ...action.constraints]
          : [],
      ),
    )
}

function columnsOf({ row, pragmas }: TableSource): readonly ColumnRow[] {
  return pragmas.columns.filter(({ table }) => table === row.name)
}

function triggersOf({ row, pragmas }: TableSource): string[] {
  return pragmas.triggers.filter(({ table }) => table === row.name).map(({ name }) => name)
}

function columnOf(
  column: ColumnRow,
  {
    source,
    parts,
    id,
  }: { readonly source: TableSource; readonly parts: SchemaParts; readonly id: number },
): Column {
  const { type, fallback } = column
  // `hidden` is 2 for a virtual generated column and 3 for a stored one.
  const generated = column.hidden > 1
  const isRowid = isRowidKey(column, source)
  const notNull = column.notNull === 1 || isRowid || (column.key > 0 && source.row.wr === 1)
  const filling = {
    hasDefault: fallback !== null || isRowid,
    base: type.toLowerCase(),
    generated,
    always: false,
    comparable: true,
  }
  const values = {
    base: type.toLowerCase(),
    array: false,
    generated,
    notNull,
    labels: [],
    hints: [],
    place: column.place + 1,
  }
  return {
    id,
    type,
    notNull,
    ...(parts.filling ? { filling } : {}),
    ...(parts.values ? { values } : {}),
  }
}

/**
 * Whether a column is an INTEGER PRIMARY KEY, another name for the rowid: it is never NULL, and filled if no
 * value is given.
 */
function isRowidKey({ type, key }: ColumnRow, source: TableSource): boolean {
  const { row, pragmas } = source
  const alone = columnsOf(source).filter((column) => column.key > 0).length === 1
  // With DESC, it is an ordinary column with an index.
  const hasIndex = pragmas.indexes.some((one) => one.table === row.name && one.origin === 'pk')
  return key > 0 && alone && row.wr === 0 && type.toUpperCase() === 'INTEGER' && !hasIndex
}

function constraintsOf(source: TableSource): Constraint[] {
  const { row, pragmas, written } = source
  const primary = columnsOf(source)
    .filter(({ key }) => key > 0)
    .toSorted((a, b) => a.key - b.key)
    .map(({ name }) => name)
  const found: ConstraintDefinition[] = [
    ...(primary.length === 0 ? [] : [definition('primary-key', primary)]),
    ...pragmas.indexes
      .filter(({ table, origin }) => table === row.name && origin === 'u')
      .map((index) => definition('unique', columnsOfIndex(index, pragmas))),
    ...written.filter(({ kind }) => kind === 'check'),
  ]
  const keys = found.map((one): Constraint => {
    const name = constraintName(row, { ...one, ...nameWritten(one, written) })
    const { kind, columns, expression } = one
    return {
      kind,
      name,
      columns,
      valid: true,
      ...(expression === undefined ? {} : { expression }),
    }
  })
  return [...keys, ...foreignKeysOf(source)]
}

function definition(
  kind: ConstraintDefinition['kind'],
  columns: readonly string[],
): ConstraintDefinition {
  return { kind, columns, notValid: false }
}

/** The name of a constraint in the text of the table; SQLite itself reports none. */
function nameWritten(
  { kind, columns, expression }: ConstraintDefinition,
  written: readonly ConstraintDefinition[],
): { readonly name?: string } {
  const one = written.find(
    (other) =>
      other.kind === kind &&
      other.expression === expression &&
      other.columns.join('\0') === columns.join('\0'),
  )
  return one?.name === undefined ? {} : { name: one.name }
}

function foreignKeysOf({ row, pragmas, written }: TableSource): Constraint[] {
  const rows = pragmas.foreignKeys.filter(({ table }) => table === row.name)
  // SQLite numbers them from last to first.
  const keys = [...Map.groupBy(rows, ({ id }) => id).values()].toReversed()
  return keys.map((parts): Constraint => {
    const [first] = parts as [ForeignKeyRow]
    const one = definition(
      'foreign-key',
      parts.map(({ column }) => column),
    )
    const passesOn = [first.onDelete, first.onUpdate].some((action) => PASSED_ON.has(action))
    return {
      kind: one.kind,
      columns: one.columns,
      name: constraintName(row, { ...one, ...nameWritten(one, written) }),
      valid: true,
      references: {
        table: { schema: null, name: first.target },
        columns: parts.flatMap(({ targetColumn }) => targetColumn ?? []),
      },
      ...(passesOn ? { passesOn: true } : {}),
    }
  })
}

const PASSED_ON = new Set(['CASCADE', 'SET NULL', 'SET DEFAULT'])

/**
 * The primary key is listed as an index even if it is the rowid, which has none but is looked up as fast. The
 * index of a constraint gets the constraint's name.
 */
function indexesOf({ row, pragmas }: TableSource, constraints: readonly Constraint[]): Index[] {
  const table = { schema: null, name: row.name }
  const own = pragmas.indexes.filter((index) => index.table === row.name && index.origin === 'c')
  return [
    ...constraints.flatMap(({ kind, name, columns }): Index[] => {
      if (kind !== 'primary-key' && kind !== 'unique') return []
      const primary = kind === 'primary-key' ? ({ primary: true } as const) : {}
      return [{ schema: null, name, table, columns, unique: true, partial: false, ...primary }]
    }),
    ...own.map((index) => ({
      schema: null,
      name: index.name,
      table,
      columns: columnsOfIndex(index, pragmas),
      unique: index.isUnique === 1,
      partial: index.partial === 1,
    })),
  ]
}

function columnsOfIndex({ name }: IndexRow, { indexColumns }: SqlitePragmas): string[] {
  return indexColumns.filter(({ index }) => index === name).map(({ column }) => column ?? '')
}
