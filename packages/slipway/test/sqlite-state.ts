import { execFileSync, spawnSync } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'

// The state of a SQLite file, read only with plain SQL and without Slipway's code. Slipway's comparisons are
// judged by it. The stock program reads it if this machine has one.

const STOCK = spawnSync('sqlite3', ['--version']).status === 0

/** A SQLite file: its schema as its own pragmas report it, and all of its rows. */
export interface SqliteState {
  /** By kind and name, without the order of columns. */
  readonly schema: Readonly<Record<string, unknown>>
  /** By table: each row as texts of `quote()`, by column. */
  readonly rows: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>
  readonly counters: Readonly<Record<string, number>>
}

type Rows = readonly Readonly<Record<string, string | number | null>>[]

/** Runs queries on a file. Returns the rows of each query. */
function ask(file: string, queries: readonly string[]): Rows[] {
  if (!STOCK) {
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      return queries.map((sql) => database.prepare(sql).all() as Rows)
    } finally {
      database.close()
    }
  }
  // An empty result prints nothing, so a marker follows each result.
  const script = queries.map((sql) => `${sql};\nSELECT 'end' AS "end of query";\n`).join('')
  const out = execFileSync('sqlite3', ['-readonly', '-json', file], {
    input: script,
    maxBuffer: 100_000_000,
    encoding: 'utf8',
  })
  return out
    .split('[{"end of query":"end"}]\n')
    .slice(0, queries.length)
    .map((text) => (text.trim() === '' ? [] : (JSON.parse(text) as Rows)))
}

const name = (text: string) => `"${text.replaceAll('"', '""')}"`
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Reads the tables of a file, without histories and without the shadow tables of virtual tables. */
export function readSqliteState(file: string): SqliteState {
  const [tables = [], objects = [], sequence = []] = ask(file, [
    `SELECT l.name, l.type, l.wr, l.strict FROM pragma_table_list l WHERE l.schema = 'main' AND l.type IN ('table', 'virtual')
       AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.name NOT LIKE '\\_%' ESCAPE '\\' AND l.name <> 'd1_migrations' ORDER BY l.name`,
    `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger', 'index') AND sql IS NOT NULL ORDER BY type, name`,
    `SELECT name FROM sqlite_schema WHERE name = 'sqlite_sequence'`,
  ])
  const names = tables.map((one) => String(one['name']))
  const parts = ask(
    file,
    names.flatMap((table) => [
      `SELECT name, upper(type) AS type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(${literal(table)}) ORDER BY name`,
      `SELECT "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(${literal(table)}) ORDER BY "from", "table", seq`,
      `SELECT i."unique", i.origin, i.partial, group_concat(x.name || x.desc || x.coll) AS parts
       FROM pragma_index_list(${literal(table)}) i JOIN pragma_index_xinfo(i.name) x WHERE x.key = 1
       GROUP BY i.name ORDER BY parts, i."unique", i.origin, i.partial`,
      `SELECT (length(sql) - length(replace(upper(sql), 'CHECK', ''))) / 5 AS checks FROM sqlite_schema WHERE type = 'table' AND name = ${literal(table)}`,
    ]),
  )
  const schema: Record<string, unknown> = {}
  for (const [at, table] of tables.entries()) {
    const [columns, keys, indexes, checks] = parts.slice(at * 4, at * 4 + 4)
    schema[`table ${names[at]}`] = { ...table, columns, keys, indexes, checks }
  }
  for (const one of objects)
    schema[`${one['type']} ${one['name']}`] = String(one['sql']).replaceAll(/["`\s]+/g, '')
  return { schema, rows: readRows(file, names, parts), counters: readCounters(file, sequence) }
}

function readRows(
  file: string,
  names: readonly string[],
  parts: readonly Rows[],
): SqliteState['rows'] {
  const selects = names.map((table, at) => {
    const columns = (parts[at * 4] ?? []).filter((one) => one['hidden'] !== 1)
    const values = columns.map((one) => {
      const column = name(String(one['name']))
      return `quote(${column}) AS ${column}`
    })
    return `SELECT ${values.join(', ')} FROM ${name(table)}`
  })
  const found = ask(file, selects) as (readonly Readonly<Record<string, string>>[])[]
  return Object.fromEntries(names.map((table, at) => [table, sorted(found[at] ?? [])]))
}

function sorted<T>(rows: readonly T[]): T[] {
  return rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

function readCounters(file: string, sequence: Rows): SqliteState['counters'] {
  if (sequence.length === 0) return {}
  const [rows = []] = ask(file, ['SELECT name, seq FROM sqlite_sequence'])
  return Object.fromEntries(rows.map((one) => [String(one['name']), Number(one['seq'])]))
}

/**
 * Differences between two states: `rows of T` if rows are missing or additional, else `T.column`; `counter of
 * T` if the counter has decreased.
 */
export function rowDifferences(before: SqliteState, after: SqliteState): string[] {
  const found = new Set<string>()
  for (const [table, rows] of Object.entries(before.rows)) {
    const later = after.rows[table] ?? []
    if (rows.length !== later.length) found.add(`rows of ${table}`)
    for (const column of Object.keys({ ...rows[0], ...later[0] })) {
      const [was, is] = [rows, later].map((all) =>
        all.map((row) => JSON.stringify(row[column])).toSorted(),
      )
      if (rows.length === later.length && JSON.stringify(was) !== JSON.stringify(is))
        found.add(`${table}.${column}`)
    }
    const whole = JSON.stringify(sorted(rows)) === JSON.stringify(sorted(later))
    // Each column has the same values, but in other rows.
    if (
      !whole &&
      ![...found].some((one) => one === `rows of ${table}` || one.startsWith(`${table}.`))
    )
      found.add(`rows of ${table}`)
  }
  for (const [table, count] of Object.entries(before.counters))
    if ((after.counters[table] ?? 0) < count) found.add(`counter of ${table}`)
  return [...found].toSorted()
}
