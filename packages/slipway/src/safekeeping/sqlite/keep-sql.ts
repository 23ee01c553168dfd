import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import type { RowTable, TableChange } from '../../schema/index.ts'
import { ROWID } from './copy-columns.ts'
import { counterSql } from './counters.ts'
import { imageSql, lossOf, type LossSql, storedColumns } from './keep-rows.ts'

/** What a migration may destroy in a table. */
export interface Endangered {
  readonly change: TableChange
  /** Whether its rows may be lost. For a dropped table, all are kept regardless of this. */
  readonly rows: boolean
  /**
   * Columns, by their names before the migration, whose values may be lost: they are dropped, computed or
   * updated.
   */
  readonly columns: readonly string[]
  /** Those of them that an UPDATE assigns. They cannot identify rows. */
  readonly assigned: readonly string[]
  /**
   * Whether rowids may belong to other rows afterwards: rows may be inserted in the place of those that
   * are gone.
   */
  readonly movesRowids: boolean
  /** Whether no statement announces the loss: the script is undone if something is lost. */
  readonly unannounced?: boolean
  /** Number of the statement that does it. */
  readonly statement: number
  /** Number of the first statement that inserts rows into the table. */
  readonly inserts?: number | undefined
}

/** Where kept data belongs. */
export interface KeepPlace {
  readonly migration: string
  readonly direction: 'up' | 'down'
  /** The id of the first kept entry. */
  readonly firstId: number
  /** Whether the database has AUTOINCREMENT counters, in `sqlite_sequence`. */
  readonly counters: boolean
}

/** SQL that keeps what is destroyed, around the statements of a migration in its transaction. */
export interface KeepSql {
  readonly before: string
  readonly after: string
}

/** SQL that drops the ledger's tables in which nothing was kept, because nothing was lost. */
export function dropUnusedSql(ids: readonly number[]): string {
  return ids.map((id) => `DROP TABLE ${keptTable(id)};\n`).join('')
}

/** The table in which the ledger keeps data. */
export function keptTable(id: number | ''): string {
  return `_slipway_kept_${id}`
}

/**
 * SQL that keeps what a migration destroys in tables: it copies them before, and keeps only what was lost
 * afterwards.
 */
export function keepSql(endangered: readonly Endangered[], place: KeepPlace): KeepSql {
  let id = place.firstId
  const parts = endangered.map((one): KeepSql => {
    const at = { ...place, id }
    id += IDS_OF_ONE
    return keepOne(one, at)
  })
  return {
    before: parts.map(({ before }) => before).join(''),
    after: parts.map(({ after }) => after).join(''),
  }
}

/** How many ids `keepSql` uses for each table: for rows, for values and for added rows. */
export const IDS_OF_ONE = 3

interface Place extends KeepPlace {
  readonly id: number
}

function keepOne(endangered: Endangered, place: Place): KeepSql {
  const { change, statement } = endangered
  const { before, after } = change
  if (before === undefined) return { before: '', after: '' }
  const columns = storedColumns(before)
  const recorded = { statement, table: before, columns, sequence: 'NULL' }
  const why = keepObstacle(before)
  if (why !== undefined) {
    const kind = after === undefined ? 'table' : 'rows'
    return { before: '', after: recordSql(place, { ...recorded, kind, columns: [], key: [], why }) }
  }
  if (after === undefined) {
    const sequence = place.counters ? counterSql(before.name) : 'NULL'
    const record = recordSql(place, { ...recorded, kind: 'table', key: before.key, sequence })
    return {
      before: `CREATE TABLE ${keptTable(place.id)} AS ${imageSql(before, columns)};\n${record}`,
      after: '',
    }
  }
  const image = `_slipway_image_${place.id}`
  const named = endangered.columns.filter((name) => columns.includes(name))
  // A row that refers to this one needs the whole key.
  const isKeyLost = before.key.some((name) => named.includes(name))
  const lost = isKeyLost ? [...new Set([...named, ...before.key])] : named
  const loss = lossOf({ ...endangered, ...change, before, after, lost }, image)
  const parts = loss.parts.map(({ select, ...part }, index) => {
    const at = { ...place, id: place.id + index }
    return `CREATE TABLE ${keptTable(at.id)} AS ${select};\n${recordSql(at, { ...recorded, ...part, key: loss.key })}`
  })
  const guard = loss.rest === undefined ? '' : unannouncedSql(before, image, loss.rest)
  const added = place.direction === 'up' ? addedSql(endangered, loss, place) : ''
  return {
    before: `CREATE TABLE ${image} AS ${loss.image};\n`,
    after: `${guard}${parts.join('')}${added}DROP TABLE ${image};\n`,
  }
}

/** SQL that records the rows that the migration added, which a rollback deletes. */
function addedSql(
  { change: { before }, statement, inserts = statement }: Endangered,
  { added, key }: LossSql,
  place: Place,
): string {
  if (added === undefined || before === undefined) return ''
  const at = { ...place, id: place.id + IDS_OF_ONE - 1 }
  const columns = key.filter((name) => name !== ROWID)
  const recorded = { statement: inserts, table: before, columns, key, sequence: 'NULL' }
  return `CREATE TABLE ${keptTable(at.id)} AS ${added};\n${recordSql(at, { ...recorded, kind: 'rows' })}`
}

/** Why no data of a table can be kept; undefined if it can. */
export function keepObstacle({ columns }: RowTable): string | undefined {
  if (columns.length === 0) return 'its rows cannot be read: it is an index without content'
  const own = columns.find(({ name }) => name.toLowerCase().startsWith('_slipway_'))
  return own && `names that begin with _slipway_ are Slipway's, and it has a column ${own.name}`
}

/**
 * SQL that undoes the script if more is lost than statements announce; `rest` is a SELECT of these
 * losses, `image` the copy of the table from before.
 */
function unannouncedSql(before: RowTable, image: string, rest: string): string {
  const all = `(SELECT count(*) FROM ${image})`
  const facts = { table: quoteText(before.name), before: all, after: `${all} - gone` }
  return guardSql(
    'rows',
    'found > 0',
    facts,
    `(SELECT count(*) AS found, coalesce(sum(is_gone), 0) AS gone FROM (${rest}))`,
  )
}

interface Recorded {
  readonly kind: 'table' | 'rows' | 'columns'
  readonly statement: number
  readonly table: RowTable
  readonly columns: readonly string[]
  readonly key: readonly string[]
  /** SQL of the counter of the table. */
  readonly sequence: string
  readonly why?: string
}

/** SQL for the ledger's entry of kept data; it inserts none if nothing was lost. */
function recordSql({ id, migration, direction }: Place, recorded: Recorded): string {
  const { kind, table, columns, key, sequence, statement, why } = recorded
  const stored = keptTable(id)
  const values = [
    String(id),
    quoteText(migration),
    quoteText(direction),
    String(statement),
    quoteText(kind),
    quoteText(table.name),
    quoteText(JSON.stringify(columns)),
    quoteText(JSON.stringify(key)),
    why === undefined ? quoteText(stored) : 'NULL',
    why === undefined ? 'NULL' : quoteText(why),
    why === undefined ? `(SELECT count(*) FROM ${stored})` : 'NULL',
    why === undefined ? bytesSql(stored, columns) : 'NULL',
    sequence,
  ]
  const into = `INSERT INTO _slipway_kept (id, migration, direction, statement, kind, table_name, columns, key, stored_as, why, rows, bytes, sequence)`
  const condition = why === undefined ? ` WHERE EXISTS (SELECT 1 FROM ${stored})` : ''
  return `${into}\nSELECT ${values.join(', ')}${condition};\n`
}

/** SQL of the size of the kept values in bytes, without SQLite's overhead. */
function bytesSql(stored: string, columns: readonly string[]): string {
  const lengths = columns.map((name) => `coalesce(octet_length(${quoteIdentifier(name)}), 0)`)
  return `(SELECT sum(${balanced(lengths, '+') || '0'}) FROM ${stored})`
}
