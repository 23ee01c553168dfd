import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { sqliteColumnTexts, sqliteNameKey, withTableName } from '../../statements/index.ts'
import type { Choice } from '../script.ts'
import type { SqliteObject } from './objects.ts'
import type { ColumnChange } from './table-changes.ts'

/** A table that is created again with another definition and keeps its rows. */
export interface Rebuild {
  /** The table as it is now. */
  readonly from: SqliteObject
  /** The wanted table, with the same name. */
  readonly to: SqliteObject
  /** The column changes from `from` to `to`. */
  readonly columns: readonly ColumnChange[]
  /** A name that no object has. */
  readonly aside: string
  /** Columns of `to` whose values must differ from row to row. */
  readonly unique: readonly string[]
  /** The name of the rowid in both, if it is not a column: rows keep their rowids. */
  readonly rowid: string | undefined
}

/** The statements of a rebuild, and what a person should know about it. */
export interface RebuildScript {
  readonly statements: readonly string[]
  readonly choices: readonly Choice[]
}

/**
 * The statements of a rebuild, as Prisma writes it: create, copy, drop, rename. Foreign keys must be off. A
 * NOT NULL column for which rows have no value gets '' or 0, or a distinct number if it must be unique. The
 * AUTOINCREMENT counter continues where it was.
 */
export function rebuildSql({ from, to, columns, aside, unique, rowid }: Rebuild): RebuildScript {
  const [name, next] = [quoteIdentifier(to.name), quoteIdentifier(aside)]
  const wanted = (sqliteColumnTexts(to.sql) ?? []).filter(({ generated }) => !generated)
  const sources = new Map(
    columns.flatMap(({ before, after }) =>
      before === undefined || after === undefined ? [] : [[sqliteNameKey(after), before] as const],
    ),
  )
  const choices: Choice[] = []
  const copied = wanted.flatMap((column): { readonly to: string; readonly value: string }[] => {
    const source = sources.get(sqliteNameKey(column.name))
    if (source !== undefined) return [{ to: column.name, value: quoteIdentifier(source) }]
    if (!column.required) return []
    const { value, description } = neutralValue(column.type, unique.includes(column.name))
    const object = { kind: 'column', schema: null, table: to.name, name: column.name } as const
    const message = `is restored as NOT NULL without a default: rows without a value get ${description}`
    choices.push({ object, message })
    return [{ to: column.name, value }]
  })
  const isCounted = [from, to].every(({ sql }) =>
    sqliteColumnTexts(sql)?.some(({ counted }) => counted),
  )
  return {
    statements: [
      withTableName(to.sql, next),
      ...(sources.size === 0 ? [] : [copySql({ name, next, copied, rowid })]),
      ...(isCounted ? autoincrementCounterSql(to.name, aside) : []),
      `DROP TABLE ${name}`,
      `ALTER TABLE ${next} RENAME TO ${name}`,
    ],
    choices,
  }
}

function copySql({
  name,
  next,
  copied,
  rowid,
}: {
  readonly name: string
  readonly next: string
  readonly rowid: string | undefined
  readonly copied: readonly { readonly to: string; readonly value: string }[]
}): string {
  const own = rowid === undefined ? [] : [rowid]
  const columns = [...own, ...copied.map((one) => quoteIdentifier(one.to))].join(', ')
  const values = [...own, ...copied.map(({ value }) => value)].join(', ')
  return `INSERT INTO ${next} (${columns}) SELECT ${values} FROM ${name}`
}

/**
 * Statements, without semicolons, that give a table the AUTOINCREMENT counter of another table, if that has
 * one. Dropping a table also removes its counter, and a copy would count from its largest value.
 */
export function autoincrementCounterSql(from: string, to: string): string[] {
  const [old, next] = [quoteText(from), quoteText(to)]
  return [
    `DELETE FROM sqlite_sequence WHERE name = ${next}`,
    `INSERT INTO sqlite_sequence (name, seq) SELECT ${next}, seq FROM sqlite_sequence WHERE name = ${old}`,
  ]
}

/**
 * The value for rows that have none. If it must be unique, it differs from all values that are restored
 * afterwards.
 */
function neutralValue(
  type: string,
  unique: boolean,
): { readonly value: string; readonly description: string } {
  const isText = /char|clob|text/i.test(type)
  if (!unique) return isText ? { value: "''", description: "''" } : { value: '0', description: '0' }
  const number = 'row_number() OVER ()'
  const value = isText ? `'restored-' || ${number}` : `-1000000000000 - ${number}`
  return { value, description: 'a number of their own' }
}
