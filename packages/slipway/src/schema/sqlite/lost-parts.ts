import { quoteIdentifier } from '../../database/index.ts'
import {
  type SqliteCheck,
  type SqliteColumn,
  sqliteDefinitionParts,
  type SqliteIndex,
  type SqliteKey,
  type SqliteTable,
} from '../../statements/index.ts'
import { isSameName } from './defined-objects.ts'
import { portableColumn, portableConstraint } from './portable-part.ts'
import { columnIn, foreignKeyLike, isSameList, type LostPart } from './table-parts.ts'

interface Tables {
  readonly old: SqliteTable
  readonly made: SqliteTable
  /** The indexes of the new table. */
  readonly indexes: readonly Pick<SqliteIndex, 'columns' | 'unique' | 'text'>[]
  /** Generated columns that only the old table has, and that the new one can have. */
  readonly generated: readonly SqliteColumn[]
}

/**
 * The parts of a table that schema.prisma cannot express, and that neither the new table nor its indexes
 * have. A key or foreign key whose plain form is also missing does not count: schema.prisma no longer has it.
 * Needs `loadSqliteParser` first.
 */
export function lostParts(
  old: SqliteTable,
  made: SqliteTable,
  indexes: Tables['indexes'] = [],
): LostPart[] {
  const tables = { old, made, indexes, generated: remainingGenerated(old, made) }
  return [
    ...old.columns.flatMap((column) => lostOfColumn(column, tables)),
    ...old.keys.flatMap((key) => lostKey(key, tables)),
    ...lostDeferrals(tables),
    ...lostChecks(tables),
    ...(old.strict && !made.strict ? [{ kind: 'strict', text: 'STRICT' } as const] : []),
    ...(old.withoutRowid && !made.withoutRowid
      ? [{ kind: 'without rowid', text: 'WITHOUT ROWID' } as const]
      : []),
  ]
}

function lostOfColumn(column: SqliteColumn, { old, made, generated }: Tables): LostPart[] {
  const next = columnIn(made, column.name)
  const { name, notNullOnConflict, collation } = column
  if (column.generated && !next?.generated) {
    const { kind, text } = column.generated
    const own = `GENERATED ALWAYS AS (${text}) ${kind.toUpperCase()}`
    const whole =
      next === undefined ? portableColumn(column.text, old) : portableConstraint(own, old)
    const gone = generated.includes(column) ? {} : goneOf(column.generated, old, made)
    return [{ kind: 'generated column', column: next?.name ?? name, text: whole, ...gone }]
  }
  if (next === undefined) return []
  return [
    ...(collation !== undefined && next.collation === undefined
      ? [{ kind: 'collation', column: next.name, text: `COLLATE ${collation}` } as const]
      : []),
    ...(notNullOnConflict !== undefined && next.notNull && !next.notNullOnConflict
      ? [{ kind: 'not null', column: next.name, text: notNullOnConflict } as const]
      : []),
  ]
}

function lostKey(key: SqliteKey, { old, made, indexes, generated }: Tables): LostPart[] {
  const isGenerated = key.columns.some((name) => columnIn(old, name)?.generated)
  const plain =
    key.kind === 'primary key'
      ? [made.primaryKey]
      : [...made.uniques, ...indexes.flatMap(({ unique, columns }) => (unique ? [columns] : []))]
  const isMade =
    made.keys.some(({ unnamed }) => keyWords(unnamed) === keyWords(key.unnamed)) ||
    indexes.some(({ text, unique }) => unique && indexWords(text) === keyWords(key.unnamed))
  const isRefined = key.collated || key.onConflict || isGenerated
  // The text of a generated column includes the constraints that are written with it.
  const isOfText = isGenerated && key.column !== undefined && !columnIn(made, key.column)
  if (!isRefined || isMade || isOfText) return []
  const gone = key.columns.find(
    (name) => !columnIn(made, name) && !generated.some((one) => isSameName(one.name, name)),
  )
  if (
    gone === undefined &&
    !isGenerated &&
    !plain.some((columns) => isSameList(columns, key.columns))
  )
    return []
  const { kind, columns, text } = key
  return [{ kind, columns, text, ...(gone === undefined ? {} : { gone }) }]
}

function keyWords(text: string): string {
  return sqliteDefinitionParts(`CREATE TABLE x (${text})`).slice(1).join(' ')
}

function indexWords(text: string): string {
  const words = sqliteDefinitionParts(text).join(' ')
  return `UNIQUE ${words.slice(words.indexOf('('))}`
}

function lostDeferrals({ old, made }: Tables): LostPart[] {
  return old.foreignKeys.flatMap((key): LostPart[] => {
    const next = key.deferred ? foreignKeyLike(made, key.columns) : undefined
    if (next === undefined || next.deferred || !isSameName(next.table, key.table)) return []
    const [column] = next.columns
    const of = next.ofColumn && column !== undefined ? { column } : {}
    const text = 'DEFERRABLE INITIALLY DEFERRED'
    return [{ kind: 'deferral', columns: next.columns, text, ...of }]
  })
}

function lostChecks({ old, made, generated }: Tables): LostPart[] {
  const checks = new Set(made.checks.map(({ text }) => checkWords(text, made)))
  return old.checks.flatMap(({ name, text, names, column }): LostPart[] => {
    const isOfGenerated = column !== undefined && columnIn(old, column)?.generated
    // The text of a generated column includes the constraints that are written with it.
    if (isOfGenerated && !columnIn(made, column)) return []
    if (checks.has(checkWords(text, old))) return []
    const isGone = column !== undefined && !columnIn(made, column)
    const gone = isGone ? { gone: column } : goneOf({ names }, old, made, generated)
    const named = name === undefined ? '' : `CONSTRAINT ${quoteIdentifier(name)} `
    const of = column === undefined ? {} : { column }
    const own = portableConstraint(`${named}CHECK (${text})`, old)
    return [{ kind: 'check', ...of, text: own, ...gone }]
  })
}

function checkWords(text: string, table: SqliteTable): string {
  return sqliteDefinitionParts(
    `CREATE TABLE x (${portableConstraint(`CHECK (${text})`, table)})`,
  ).join('\n')
}

/** The first column that an expression names and that only the old table has. */
function goneOf(
  { names }: Pick<SqliteCheck, 'names'>,
  old: SqliteTable,
  made: SqliteTable,
  generated: readonly SqliteColumn[] = [],
): { readonly gone?: string } {
  const found = names.columns.find(
    ({ name }) =>
      columnIn(old, name) &&
      !columnIn(made, name) &&
      !generated.some((one) => isSameName(one.name, name)),
  )
  return found === undefined ? {} : { gone: found.name }
}

/**
 * Generated columns that only the old table has, and whose expressions name no dropped column, neither
 * directly nor through other generated columns.
 */
function remainingGenerated(old: SqliteTable, made: SqliteTable): SqliteColumn[] {
  let found = old.columns.filter(({ name, generated }) => generated && !columnIn(made, name))
  for (;;) {
    const remaining = found.filter(
      ({ generated }) => !generated || goneOf(generated, old, made, found).gone === undefined,
    )
    if (remaining.length === found.length) return found
    found = remaining
  }
}
