import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { sqliteColumnTexts, sqliteNameKey, withTableName } from '../../statements/index.ts'
import type { Choice } from '../script.ts'
import type { SqliteObject } from './objects.ts'
import type { ColumnChange } from './table-changes.ts'

/** A table that is made again by another definition, and keeps its rows. */
export interface Rebuild {
  /** As it is. */
  readonly from: SqliteObject
  /** As it is to be, under the same name. */
  readonly to: SqliteObject
  /** From `from` to `to`. */
  readonly columns: readonly ColumnChange[]
  /** A name that nothing has. */
  readonly aside: string
  /** Columns of `to` whose values must differ from row to row. */
  readonly unique: readonly string[]
  /** The name of the rowid in both, where it is not a column: rows keep theirs. */
  readonly rowid: string | undefined
}

/** The statements of a rebuild, and what of it a person should know. */
export interface RebuildScript {
  readonly statements: readonly string[]
  readonly choices: readonly Choice[]
}

/**
 * The statements of a rebuild, as Prisma writes it: make, copy, drop, rename. Foreign keys must be off. A column that
 * refuses NULL, and that rows have no value for, gets '' or 0, or a number of its own where it must be unique. The
 * counter of AUTOINCREMENT continues where it was.
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
    const { value, said } = neutralValue(column.type, unique.includes(column.name))
    const object = { kind: 'column', schema: null, table: to.name, name: column.name } as const
    const message = `is restored as NOT NULL without a default: rows without a value get ${said}`
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
      ...(isCounted ? counterSql(to.name, aside) : []),
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
 * Gives a table the counter of AUTOINCREMENT that another one has, if it has one, as statements without semicolons. The
 * counter of a dropped table is removed with it, and a copy counts from its largest value.
 */
export function counterSql(from: string, to: string): string[] {
  const [old, next] = [quoteText(from), quoteText(to)]
  return [
    `DELETE FROM sqlite_sequence WHERE name = ${next}`,
    `INSERT INTO sqlite_sequence (name, seq) SELECT ${next}, seq FROM sqlite_sequence WHERE name = ${old}`,
  ]
}

/** What a row gets that has no value. One that must be unique is unlike any that is restored behind it. */
function neutralValue(
  type: string,
  unique: boolean,
): { readonly value: string; readonly said: string } {
  const isText = /char|clob|text/i.test(type)
  if (!unique) return isText ? { value: "''", said: "''" } : { value: '0', said: '0' }
  const number = 'row_number() OVER ()'
  const value = isText ? `'restored-' || ${number}` : `-1000000000000 - ${number}`
  return { value, said: 'a number of their own' }
}
