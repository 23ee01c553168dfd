import {
  columnIn,
  autoincrementCounterSql,
  createTableText,
  type DefinedTable,
  isSameName,
  keyOfName,
  type SqliteDefinitions,
  tableOptions,
} from '../../../schema/index.ts'
import type { SqliteColumn } from '../../../statements/index.ts'
import { quoted, quotedList } from '../names-and-sizes.ts'
import { indexRebuilds } from '../text-indexes.ts'
import { dependentViewsAndTriggers } from './dependent-views.ts'

/** The new form of a table: the same constraints, and these columns. */
export interface NewTable {
  readonly table: DefinedTable
  readonly columns: readonly SqliteColumn[]
  /** The values of existing rows for columns that the old table does not have, as SQL. */
  readonly values: ReadonlyMap<string, string>
}

/**
 * The statements of a rebuild in Prisma's style, without their semicolons. They recreate everything that
 * belongs to the table. Undefined if a required definition is unknown.
 */
export function tableRebuild(
  definitions: SqliteDefinitions,
  { table, columns, values }: NewTable,
): string[] | undefined {
  const isOwn = (one: { readonly table: string }) => isSameName(one.table, table.name)
  const indexes = [...definitions.indexes.values()].filter(isOwn)
  const triggers = [...definitions.triggers.values()].filter(isOwn)
  const others = dependentViewsAndTriggers(definitions, table.name)
  const isKnown =
    [table, ...indexes, ...triggers].every(({ renamed }) => !renamed) && others.allTextsKnown
  if (!isKnown || table.columns.length === 0) return undefined
  const next = freeName(`new_${table.name}`, definitions)
  const filled = columns.filter(
    ({ name, generated }) => !generated && (values.has(name) || columnIn(table, name)),
  )
  const sources = filled.map(({ name }) => values.get(name) ?? quoted(name))
  const names = quotedList(filled.map(({ name }) => name))
  return [
    createTableText({
      name: next,
      lines: [...columns.map(({ text }) => text), ...table.constraints],
      options: tableOptions(table),
    }),
    `INSERT INTO ${quoted(next)} (${names}) SELECT ${sources.join(', ')} FROM ${quoted(table.name)}`,
    ...(table.autoincrement ? autoincrementCounterSql(table.name, next) : []),
    ...others.drops,
    `DROP TABLE ${quoted(table.name)}`,
    `ALTER TABLE ${quoted(next)} RENAME TO ${quoted(table.name)}`,
    ...indexes.map((index) => index.text),
    ...triggers.map((trigger) => trigger.text),
    ...others.creates,
    ...indexRebuilds(definitions, { table, columns }),
  ]
}

function freeName(wanted: string, { tables, views, indexes }: SqliteDefinitions): string {
  let name = wanted
  const isTaken = () => [tables, views, indexes].some((map) => map.has(keyOfName(name)))
  while (isTaken()) name = `new_${name}`
  return name
}
