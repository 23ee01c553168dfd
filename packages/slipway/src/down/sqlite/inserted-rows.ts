import { quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import {
  type Choice,
  isSameName,
  readSqliteForeignKeys,
  type RowTable,
  type SqliteForeignKey,
} from '../../schema/index.ts'
import type { InsertedRows, Statement } from '../../statements/index.ts'
import { changesWithOldKeys, type SchemaRun } from './freed-keys.ts'
import { insertsOf } from './literal-inserts.ts'

/** The statements that delete inserted rows, and the decisions that are left to a person. */
interface InsertedDeletes {
  readonly deletes: readonly string[]
  readonly choices: readonly Choice[]
}

/**
 * The statements that delete the rows that a migration inserted into existing tables, the last one first.
 * Only rows whose keys are literals in the migration can be found. A row to which others refer stays, because
 * those are not the migration's. Rows that may have existed before also stay, and are a choice. The migration
 * has just run on `session`.
 */
export async function deletesOfSqliteRows(
  session: Session,
  run: SchemaRun,
): Promise<InsertedDeletes> {
  const deletes: string[] = []
  const choices: Choice[] = []
  const inserts = insertsOf(run)
  if (inserts.length === 0) return { deletes, choices }
  const withOldKeys = await changesWithOldKeys(run)
  const foreignKeys = await readSqliteForeignKeys(session)
  for (const { inserted, number, change } of inserts.toReversed()) {
    if (change.before === undefined || change.after === undefined) continue
    const key = await keyGiven(session, change.after, inserted)
    if (key === undefined || inserted.rows.length === 0) continue
    if (withOldKeys.has(change) || run.statements.some((one) => renamesColumn(one, key))) {
      const object = { kind: 'table', schema: null, name: change.before.name } as const
      choices.push({ object, message: staying(number) })
    } else {
      const exactly = await hasCollation(session, change.after)
      deletes.push(...deletesOf(change.after, inserted, { key, exactly, foreignKeys }))
    }
  }
  return { deletes, choices: choices.toReversed() }
}

/** Whether a statement gives one of these names to a column, or takes it from one. */
function renamesColumn({ actions }: Statement, names: readonly string[]): boolean {
  return actions.some(
    (action) =>
      action.kind === 'rename' &&
      action.of === 'column' &&
      names.some((name) => isSameName(name, action.from) || isSameName(name, action.to)),
  )
}

function staying(statement: number): string {
  return `keeps the rows that statement ${statement} inserts: rows with their keys may have existed before. Delete those that did not`
}

interface FoundBy {
  readonly key: readonly string[]
  /** Texts are compared by their bytes, whatever the collation of a column. */
  readonly exactly: boolean
  readonly foreignKeys: readonly SqliteForeignKey[]
}

/** DELETE statements for inserted rows, except those to which others refer. */
function deletesOf(
  table: RowTable,
  { columns, rows }: InsertedRows,
  { key, exactly, foreignKeys }: FoundBy,
): string[] {
  const places = key.map((name) => columns.findIndex((one) => isSameName(one, name)))
  const collation = exactly ? ' COLLATE BINARY' : ''
  const wanted = rows.map((row) =>
    key
      .map((name, index) => {
        const value = row[places[index] ?? -1] ?? ''
        return `${quoteIdentifier(name)} = ${quoteText(value)}${collation}`
      })
      .join(' AND '),
  )
  const name = quoteIdentifier(table.name)
  const referring = foreignKeys.filter(
    ({ parent, referenced }) => isSameName(parent, table.name) && !referenced.includes(''),
  )
  const free = referring.map((by) => {
    const joined = by.columns.map(
      (column, at) =>
        `referrer.${quoteIdentifier(column)} = ${name}.${quoteIdentifier(by.referenced[at] ?? '')}`,
    )
    return ` AND NOT EXISTS (SELECT 1 FROM ${quoteIdentifier(by.table)} AS referrer WHERE ${joined.join(' AND ')})`
  })
  const deleteSql = (conditions: string) =>
    `DELETE FROM ${name} WHERE (${conditions})${free.join('')}`
  const [first = '', ...others] = wanted
  if (others.length === 0) return [deleteSql(first)]
  // Rows of the statement may refer to earlier ones.
  if (referring.some((by) => isSameName(by.table, table.name)))
    return wanted.toReversed().map(deleteSql)
  return [deleteSql(wanted.map((one) => `(${one})`).join(' OR '))]
}

/** Whether columns may be compared by a collation, under which different texts are equal. */
async function hasCollation(session: Session, { name }: RowTable): Promise<boolean> {
  const found = await session.query(
    `SELECT 1 FROM sqlite_schema WHERE tbl_name = ${quoteText(name)} AND sql LIKE '%collate%'`,
  )
  return found.length > 0
}

/** The columns of the primary key, or else of another unique index, that the rows give. */
async function keyGiven(
  session: Session,
  table: RowTable,
  { columns, rows }: InsertedRows,
): Promise<readonly string[] | undefined> {
  const found = await session.query<{ name: string; column: string | null }>(
    `SELECT i.name, x.name AS "column" FROM pragma_index_list(${quoteText(table.name)}) i JOIN pragma_index_xinfo(i.name) x
     WHERE i."unique" = 1 AND i.partial = 0 AND x.key = 1 ORDER BY i.seq DESC, x.seqno`,
  )
  const unique = [...Map.groupBy(found, ({ name }) => name).values()].map((parts) =>
    // An expression is not given.
    parts.map(({ column }) => column ?? ''),
  )
  // Without an affinity, also in a STRICT table, a number is not equal to its text.
  const typed = new Set(
    table.columns.flatMap(({ name, type }) => (/^$|blob|^any$/i.test(type) ? [] : [name])),
  )
  const isGiven = (name: string) => {
    const at = columns.findIndex((one) => isSameName(one, name))
    return at !== -1 && typed.has(name) && rows.every((row) => row[at] !== undefined)
  }
  return [table.key, ...unique].find((names) => names.length > 0 && names.every(isGiven))
}
