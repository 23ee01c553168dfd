import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import {
  affinityOf,
  declaredType,
  type RowTable,
  separateRowid,
  type TableChange,
} from '../../schema/index.ts'
import {
  IS_ADDED,
  IS_GONE,
  laterColumn,
  LEFT,
  LEFT_OF,
  OTHERS,
  OTHERS_OF,
  outlineText,
  ROWID,
  rowText,
} from './copy-columns.ts'

/** A table that exists before and after a migration, and what the migration may destroy in it. */
export interface Lasting {
  readonly before: RowTable
  readonly after: RowTable
  readonly columns: TableChange['columns']
  readonly rebuilt: boolean
  /** Whether rows may be gone, and any value may have changed. */
  readonly rows: boolean
  /** Columns, by their names before the migration, whose values may be gone or changed. */
  readonly lost: readonly string[]
  /** Columns that an UPDATE assigns. They cannot identify rows. */
  readonly assigned: readonly string[]
  /** Whether rowids may belong to other rows afterwards. */
  readonly movesRowids: boolean
  /** Whether no statement announces a loss of its rows. */
  readonly unannounced?: boolean
}

/**
 * SQL that finds what was destroyed in a table, by comparing a copy from before with the table
 * afterwards.
 */
export interface LossSql {
  /** A SELECT for the copy. */
  readonly image: string
  /** The columns by which rows are matched; empty if they cannot be matched. */
  readonly key: readonly string[]
  /** The parts to keep, each with a SELECT from the copy. */
  readonly parts: readonly LossPart[]
  /** A SELECT of the keys of rows that the migration added, and of these rows as it left them; absent if they cannot be identified. */
  readonly added?: string
  /**
   * A SELECT from the copy of losses that no statement announces; `is_gone` is whether a row or a value
   * is lost. Absent if all losses are announced.
   */
  readonly rest?: string
}

/** Rows that are gone or replaced, or values of rows that remain. */
export interface LossPart {
  readonly kind: 'rows' | 'columns'
  readonly columns: readonly string[]
  readonly select: string
}

/** A column by which a row is matched after the migration: in the copy from before, and in the table. */
interface Identity {
  readonly old: string
  readonly now: string
}

/** A table of Cloudflare D1 has at most 100 columns, and the copy needs some of its own. */
const MOST_COLUMNS = 90

/** SQL that finds what was destroyed in a table; `image` is the name of the copy. */
export function lossOf(table: Lasting, image: string): LossSql {
  const identity = identityOf(table)
  return identity === undefined
    ? lossOfContents(table, image)
    : lossByIdentity(table, identity, image)
}

/** A SELECT of columns of a table, and of its rowid if that is not one of its columns. */
export function imageSql(table: RowTable, columns: readonly string[]): string {
  const rowid = separateRowid(table)
  const selected = (rowid === undefined ? '' : `${rowid} AS ${ROWID}, `) + listed(columns)
  return `SELECT ${selected} FROM ${quoteIdentifier(table.name)}`
}

/** The columns that are stored; SQLite computes the others again. */
export function storedColumns({ columns }: RowTable): string[] {
  return columns.filter(({ generated }) => !generated).map(({ name }) => name)
}

/**
 * The columns by which rows are matched: their key, or else their rowid; undefined if they cannot be
 * matched.
 */
function identityOf(table: Lasting): readonly Identity[] | undefined {
  const { before, after, columns, assigned, rebuilt, movesRowids } = table
  const key = before.key.map((old) => {
    const found = columns.find((column) => column.before === old)
    const isSame = found?.exact && !assigned.includes(old)
    return isSame && found.after !== undefined ? { old, now: found.after } : undefined
  })
  if (key.length > 0 && key.every((one) => one !== undefined)) return key
  const [old, now] = [separateRowid(before), separateRowid(after)]
  if (rebuilt || movesRowids || old === undefined || now === undefined) return undefined
  return [{ old: ROWID, now }]
}

function lossByIdentity(table: Lasting, identity: readonly Identity[], image: string): LossSql {
  const { before, rows, lost, movesRowids, unannounced = false } = table
  const stored = storedColumns(before)
  const key = identity.map(({ old }) => old)
  const others = stored.filter((name) => !lost.includes(name) && !key.includes(name))
  const at: Compared = { ...table, identity, image, stored, now: laterNames(table) }
  const values = [...new Set([...key, ...lost])].filter((one) => one !== ROWID)
  const parts: LossPart[] = []
  // A row may be inserted in the place of another: then the values before and after belong to different
  // rows.
  if (rows && movesRowids) parts.push({ kind: 'rows', columns: stored, select: replacedSql(at) })
  else {
    if (rows) parts.push({ kind: 'rows', columns: stored, select: goneSql(at) })
    if (lost.length > 0)
      parts.push({ kind: 'columns', columns: lost, select: valuesSql(at, values) })
  }
  const rest = rows && (unannounced || !movesRowids) ? restSql(at, others) : undefined
  return {
    image: imageSql(before, rows ? stored : values),
    key,
    parts,
    added: addedSql(at),
    ...(rest === undefined ? {} : { rest }),
  }
}

interface Compared extends Lasting {
  readonly identity: readonly Identity[]
  readonly image: string
  readonly stored: readonly string[]
  /** The names of columns after the migration, by their names before. */
  readonly now: ReadonlyMap<string, string>
}

function laterNames({ columns }: Lasting): ReadonlyMap<string, string> {
  return new Map(
    columns.flatMap((one) =>
      one.before !== undefined && one.after !== undefined ? [[one.before, one.after] as const] : [],
    ),
  )
}

const IS_ABSENT = 't._slipway_there IS NULL'

/** `FROM` the copy, joined with the matching rows of the table. */
function joinSql(at: Compared, kind: 'JOIN' | 'LEFT JOIN'): string {
  const { after, image } = at
  const rowid = separateRowid(after)
  const source = `SELECT 1 AS _slipway_there, ${rowid === undefined ? '' : `${rowid}, `}* FROM ${quoteIdentifier(after.name)}`
  return `FROM ${image} i ${kind} (${source}) t ON ${matchSql(at)}`
}

/** Whether a row of the table is one of the copy. */
function matchSql({ identity }: Compared): string {
  const match = identity.map((one) => {
    const [found, old] = [`t.${quoteIdentifier(one.now)}`, `i.${quoteIdentifier(one.old)}`]
    // The first comparison can use an index.
    return one.old === ROWID
      ? `${found} IS ${old}`
      : `${found} IS ${old} AND ${found} COLLATE BINARY IS ${old}`
  })
  return match.join(' AND ')
}

/** A SELECT of rows that are not in the copy. */
function addedSql(at: Compared): string {
  const { after, image, identity } = at
  const key = identity.map(
    ({ old, now }) =>
      `t.${quoteIdentifier(now)} AS ${old === ROWID ? ROWID : quoteIdentifier(old)}`,
  )
  const selected = [...key, `1 AS ${IS_ADDED}`, ...wholeSql(at, [])]
  const there = `(SELECT 1 AS _slipway_there, * FROM ${image})`
  return `SELECT ${selected.join(', ')} FROM ${quoteIdentifier(after.name)} t LEFT JOIN ${there} i ON ${matchSql(at)} WHERE i._slipway_there IS NULL`
}

function goneSql(at: Compared): string {
  return `SELECT ${copied(at, at.stored)} ${joinSql(at, 'LEFT JOIN')} WHERE ${IS_ABSENT}`
}

/** A SELECT of values that are gone with their column, or have changed. */
function valuesSql(at: Compared, kept: readonly string[]): string {
  const { lost, identity } = at
  // VACUUM changes rowids, so the whole row must identify it.
  const isWhole = identity[0]?.old === ROWID || kept.length + lost.length > MOST_COLUMNS
  const later = isWhole ? wholeSql(at, lost) : [...laterSql(at, lost), ...othersSql(at)]
  const selected = [copied(at, kept), ...later]
  const differs = lost.map((name) => differsSql(at, name))
  return `SELECT ${selected.join(', ')} ${joinSql(at, 'JOIN')}\nWHERE ${balanced(differs, 'OR')}`
}

/** A SELECT of rows that are gone, or whose place another row may have taken. */
function replacedSql(at: Compared): string {
  const { stored } = at
  const selected = [copied(at, stored), `${IS_ABSENT} AS ${IS_GONE}`, ...wholeSql(at, stored)]
  const differs = stored.map((name) => differsSql(at, name))
  return `SELECT ${selected.join(', ')} ${joinSql(at, 'LEFT JOIN')}\nWHERE ${balanced([IS_ABSENT, ...differs], 'OR')}`
}

/**
 * A SELECT of losses that no statement announces: values of other columns, and rows if no statement
 * removes any.
 */
function restSql(at: Compared, others: readonly string[]): string | undefined {
  const differs = others.map((name) => differsSql(at, name))
  const conditions = at.unannounced ? [IS_ABSENT, ...differs] : differs
  if (conditions.length === 0) return undefined
  const join = joinSql(at, at.unannounced ? 'LEFT JOIN' : 'JOIN')
  return `SELECT ${IS_ABSENT} AS is_gone ${join}\nWHERE ${balanced(conditions, 'OR')}`
}

/** Columns of the copy, with the rowid. */
function copied({ before }: Compared, columns: readonly string[]): string {
  const rowid = separateRowid(before) === undefined ? [] : [ROWID]
  return [...rowid, ...columns.map(quoteIdentifier)].map((name) => `i.${name}`).join(', ')
}

/**
 * An outline of the other values of each row, if SQLite may give its key to a new row once it is deleted: the key is
 * the rowid.
 */
function othersSql({ columns, stored, before, lost }: Compared): string[] {
  const isReusable = before.key.length === 1 && before.key[0] === before.rowid && !before.counted
  const others = columns.flatMap(({ before: old, after, exact }) =>
    exact && after !== undefined && old !== undefined && isOther(old) ? [{ old, now: after }] : [],
  )
  function isOther(name: string): boolean {
    return stored.includes(name) && !before.key.includes(name) && !lost.includes(name)
  }
  if (!isReusable || others.length === 0) return []
  const outline = outlineText(
    others.map(({ now }) => now),
    't',
  )
  const names = quoteText(JSON.stringify(others.map(({ old }) => old)))
  return [`${outline} AS ${OTHERS}`, `${names} AS ${OTHERS_OF}`]
}

/** Each row as the migration left it, and its unique values, which may have moved from row to row. */
function wholeSql(at: Compared, kept: readonly string[]): string[] {
  const { columns, stored, before } = at
  const left = columns.flatMap((one) =>
    one.exact && one.before !== undefined && one.after !== undefined && stored.includes(one.before)
      ? [{ old: one.before, now: one.after }]
      : [],
  )
  const names = quoteText(JSON.stringify(left.map(({ old }) => old)))
  return [
    `${rowText(
      left.map(({ now }) => now),
      't',
    )} AS ${LEFT}`,
    `${names} AS ${LEFT_OF}`,
    ...laterSql(
      at,
      kept.filter((name) => before.unique.includes(name)),
    ),
  ]
}

/** The later values of columns, as columns of a copy. */
function laterSql({ now }: Compared, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const column = now.get(name)
    return column === undefined
      ? []
      : [`t.${quoteIdentifier(column)} AS ${quoteIdentifier(laterColumn(name))}`]
  })
}

/**
 * Whether a value is gone or has changed. `IS` alone would treat the text 007 as the number 7, and with
 * some collations `a` as `A`. A value that the migration converts to a new declared type is unchanged if the
 * old type converts it back. A number that became text must also be the whole text: a conversion back ignores
 * what follows a number.
 */
function differsSql({ before, after, now: names }: Compared, name: string): string {
  const now = names.get(name)
  if (now === undefined) return '1'
  const [then, later] = [`i.${quoteIdentifier(name)}`, `t.${quoteIdentifier(now)}`]
  const [was, is] = [`typeof(${then})`, `typeof(${later})`]
  const type = declaredType(before, name) ?? ''
  const differs = (value: string) =>
    `(${was} <> typeof(${value}) OR ${then} COLLATE BINARY IS NOT ${value})`
  if (type === declaredType(after, now) || convertsNothing(type)) return differs(later)
  const back = differs(`CAST(${later} AS ${affinityOf(type)})`)
  return `CASE WHEN ${was} = ${is} OR 'blob' IN (${was}, ${is}) THEN ${differs(later)}
  WHEN ${is} = 'text' AND CAST(${then} AS TEXT) COLLATE BINARY IS NOT ${later} THEN 1 ELSE ${back} END`
}

/** Whether a column of a declared type stores values of any type. A STRICT table has the type ANY. */
function convertsNothing(type: string): boolean {
  return type === 'ANY' || affinityOf(type) === 'BLOB'
}

/**
 * Finds the rows that no longer exist unchanged, as often as they occurred, if rows cannot be matched. If
 * a column is gone, every row is affected.
 */
function lossOfContents(table: Lasting, image: string): LossSql {
  const { before, after, columns, rows, lost, unannounced } = table
  const stored = storedColumns(before)
  const lasting = columns.flatMap((one) =>
    one.before !== undefined && one.after !== undefined && stored.includes(one.before)
      ? [{ old: one.before, now: one.after, exact: one.exact }]
      : [],
  )
  const missing = (pairs: typeof lasting, condition: string) => {
    const then = rowText(pairs.map(({ old }) => old))
    const now = rowText(pairs.map((one) => one.now))
    return `WITH _slipway_present AS MATERIALIZED (SELECT ${now} AS _slipway_text, count(*) AS _slipway_count FROM ${quoteIdentifier(after.name)} GROUP BY 1)
SELECT ${listed(stored, 'i.')} FROM (SELECT *, row_number() OVER (PARTITION BY ${then}) AS _slipway_n, ${then} AS _slipway_then FROM ${image}) i
LEFT JOIN _slipway_present p ON p._slipway_text = i._slipway_then${condition}`
  }
  const isAbsent = ' WHERE _slipway_n > coalesce(p._slipway_count, 0)'
  const select = missing(lasting, lasting.length < stored.length ? '' : isAbsent)
  const unnamed = lasting.filter(({ old, exact }) => exact && !lost.includes(old))
  return {
    image: imageSql(before, stored),
    key: [],
    parts: [{ kind: 'rows', columns: stored, select }],
    ...(rows && unannounced
      ? { rest: `SELECT 1 AS is_gone FROM (${missing(unnamed, isAbsent)})` }
      : {}),
  }
}

function listed(columns: readonly string[], prefix = ''): string {
  return columns.map((column) => prefix + quoteIdentifier(column)).join(', ')
}
