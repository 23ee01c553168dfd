import pg from 'pg'
import { runSql } from './run-sql.ts'

interface Column {
  readonly name: string
  /** As `format_type` writes it; for a domain, its base type. */
  readonly type: string
  readonly labels: readonly string[] | null
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly numbered: boolean
  readonly computed: boolean
}

interface ForeignKey {
  readonly table: string
  readonly columns: readonly string[]
  readonly referenced: readonly string[]
}

interface Table {
  readonly name: string
  readonly columns: readonly Column[]
  readonly keys: readonly ForeignKey[]
  /** Columns of unique indexes. */
  readonly unique: readonly string[]
  /** Literals of its checks. */
  readonly hints: readonly string[]
}

/** What tables are filled with. */
export interface Filling {
  /** Tables that have been filled, with the columns that they had at that time. */
  readonly filled: Map<string, string>
  /** Values that statements look for, by column name. */
  readonly sought: ReadonlyMap<string, readonly string[]>
  /** The styles of the rows, one row each. */
  readonly styles?: readonly Style[]
}

const READ = `SELECT c.oid::regclass::text AS name,
  (SELECT json_agg(json_build_object('name', quote_ident(a.attname),
      'type', format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
      'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid IN (t.oid, t.typelem)),
      'notNull', a.attnotnull, 'hasDefault', a.atthasdef, 'computed', a.attgenerated <> '',
      'numbered', a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(json_agg(json_build_object('table', k.confrelid::regclass::text,
      'columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY u (num, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
      'referenced', (SELECT json_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.confkey) WITH ORDINALITY u (num, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num))), '[]')
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS keys,
  (SELECT coalesce(json_agg(DISTINCT quote_ident(a.attname)), '[]') FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = c.oid AND i.indisunique) AS unique,
  (SELECT coalesce(json_agg(found[1]), '[]') FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''', 'g') found
    WHERE k.conrelid = c.oid AND k.contype = 'c') AS hints
  FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> '_prisma_migrations' AND c.relnamespace NOT IN
    (SELECT oid FROM pg_namespace WHERE nspname IN ('slipway', 'information_schema') OR nspname LIKE 'pg\\_%')
  ORDER BY 1`

/**
 * How a row is written: with a value in every column, NULL where allowed, defaults where they exist, values
 * that are hard to quote, values that statements look for, or texts of digits, which are also valid numbers
 * and JSON.
 */
type Style = 'full' | 'nulls' | 'defaults' | 'awkward' | 'sought' | 'digits'

const STYLES: readonly Style[] = [
  'full',
  'nulls',
  'defaults',
  'awkward',
  'sought',
  'sought',
  'sought',
]

/**
 * Writes rows into all tables that are new or have new columns, referenced tables first. Returns the names of
 * tables into which no row could be inserted. Independent of how Slipway generates rows.
 */
export async function fillTables(url: string, filling: Filling): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('BEGIN')
    const { rows: tables } = await client.query<Table>(READ)
    const { filled } = filling
    const waiting = new Set(tables.filter((table) => filled.get(table.name) !== columnsOf(table)))
    const waits = ({ name, keys }: Table) =>
      keys.some((key) => key.table !== name && [...waiting].some((one) => one.name === key.table))
    while (waiting.size > 0) {
      // If tables refer to each other in a cycle, the first one has NULL there.
      const ready = [...waiting].filter((table) => !waits(table))
      for (const table of ready.length > 0 ? ready : [...waiting].slice(0, 1)) {
        waiting.delete(table)
        filled.set(table.name, columnsOf(table))
        await fillTable(client, table, filling)
      }
    }
    const empty = await fillEmpty(client, tables, filling)
    await client.query('COMMIT')
    return empty.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

/** Fills empty tables until nothing changes: in a cycle, a table can refer to the others later. */
async function fillEmpty(
  client: pg.Client,
  tables: readonly Table[],
  filling: Filling,
): Promise<Table[]> {
  const empty: Table[] = []
  for (const table of tables) {
    if ((await countRows(client, table.name)) > 0) continue
    await fillTable(client, table, filling)
    if ((await countRows(client, table.name)) === 0) empty.push(table)
  }
  return empty.length === tables.length || empty.length === 0
    ? empty
    : await fillEmpty(client, empty, filling)
}

/** The names of all tables with rows of the application, as `regclass` writes them. */
export async function tableNames(url: string): Promise<string[]> {
  const rows = await runSql(url, READ)
  return rows.map(({ name }) => String(name))
}

/** A name without quotes. */
function bare(name: string): string {
  return name.replaceAll('"', '')
}

function columnsOf({ columns }: Table): string {
  return columns.map(({ name, type }) => `${name} ${type}`).join(', ')
}

async function countRows(client: pg.Client, table: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table}`,
  )
  return rows[0]?.count ?? 0
}

async function fillTable(client: pg.Client, table: Table, filling: Filling): Promise<void> {
  const { sought, styles = STYLES } = filling
  const first = await countRows(client, table.name)
  const isSought = table.columns.some(({ name }) => sought.has(bare(name)))
  const wanted = styles.filter((style) => style !== 'sought' || isSought)
  for (const [index, style] of wanted.entries()) {
    const row = { at: first + index, sought }
    // Rows that a check refuses are tried with the literals of the checks.
    if (await insertRow(client, table, { ...row, style })) continue
    const hinted = await insertRow(client, table, { ...row, style, hinted: true })
    if (!hinted) await insertRow(client, table, { ...row, style: 'defaults' })
  }
}

interface Row {
  readonly at: number
  readonly style: Style
  readonly sought: Filling['sought']
  readonly hinted?: boolean
}

async function insertRow(client: pg.Client, table: Table, row: Row): Promise<boolean> {
  const values = await valuesOf(client, table, row)
  const names = [...values.keys()].join(', ')
  const insert =
    values.size === 0
      ? `INSERT INTO ${table.name} DEFAULT VALUES`
      : `INSERT INTO ${table.name} (${names}) VALUES (${[...values.values()].join(', ')})`
  await client.query('SAVEPOINT row')
  return await client.query(`${insert}; SET CONSTRAINTS ALL IMMEDIATE`).then(
    async () => {
      await client.query('RELEASE row')
      return true
    },
    async () => {
      await client.query('ROLLBACK TO row')
      return false
    },
  )
}

/** The values of a row as SQL, by column; an absent column gets its default. */
async function valuesOf(
  client: pg.Client,
  table: Table,
  row: Row,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>()
  for (const column of table.columns) {
    const value = ownValue(table, column, row)
    if (value !== undefined) values.set(column.name, value)
  }
  for (const key of table.keys) {
    if (key.columns.every((name) => values.get(name) === 'NULL')) continue
    for (const [name, value] of await referencedValues(client, key, row)) values.set(name, value)
  }
  return values
}

function ownValue(table: Table, column: Column, row: Row): string | undefined {
  const { name, notNull, hasDefault, numbered, computed } = column
  if (computed || numbered || (row.style === 'defaults' && hasDefault)) return undefined
  if (row.style === 'nulls' && !notNull) return 'NULL'
  const isText =
    /^(?:text|character|varchar|citext)/.test(column.type) && !column.type.endsWith(']')
  const isFree = isText && !table.unique.includes(name)
  const found = row.style === 'sought' ? row.sought.get(bare(name)) : undefined
  const choices = row.hinted && isFree ? table.hints : isText || column.labels ? found : undefined
  const choice = choices?.[row.at % choices.length]
  return choice === undefined ? valueOf(column, row) : pg.escapeLiteral(choice)
}

/** The key of the row with the same number in the referenced table; NULL if there is none. */
async function referencedValues(
  client: pg.Client,
  { table, columns, referenced }: ForeignKey,
  { at }: Row,
): Promise<[string, string][]> {
  const count = await countRows(client, table)
  if (count === 0) return columns.map((name): [string, string] => [name, 'NULL'])
  const found = referenced.map((name) => `${name}::text AS ${name}`).join(', ')
  const { rows } = await client.query<Record<string, string | null>>({
    text: `SELECT ${found} FROM ${table} ORDER BY ctid LIMIT 1 OFFSET ${at % count}`,
  })
  return columns.map((name, index) => {
    const value = rows[0]?.[bare(referenced[index] ?? '')]
    return [name, value === undefined || value === null ? 'NULL' : pg.escapeLiteral(value)]
  })
}

/** A value of a type as SQL. Different numbers give different values if the type has enough of them. */
function valueOf({ name, type, labels }: Column, { at, style }: Row): string {
  const literal = (text: string) => `${pg.escapeLiteral(text)}::${type}`
  if (labels) {
    const label = labels[at % labels.length] ?? ''
    return literal(type.endsWith('[]') ? `{"${label}"}` : label)
  }
  if (type.endsWith('[]')) return literal(itemsOf(type, { at, style }))
  if (/^(?:integer|bigint|smallint)/.test(type)) return literal(String(11 + at))
  if (/^(?:numeric|double|real)/.test(type)) return literal(`${at}.5`)
  if (type === 'boolean') return literal(String(at % 2 === 0))
  if (type === 'date') return literal(`2026-01-${10 + (at % 18)}`)
  if (type.startsWith('timestamp'))
    return literal(`2026-02-${10 + (at % 18)} 03:04:05.${100 + (at % 900)}`)
  if (type.startsWith('time')) return literal(`10:11:${10 + (at % 50)}`)
  if (type === 'interval') return literal(`${at + 1} hours`)
  if (/^jsonb?$/.test(type))
    return literal(style === 'awkward' ? '{"ü \\" ": [null, 1.50]}' : `{"at": ${at}}`)
  if (type === 'uuid') return `md5('${name}${at}')::uuid`
  if (type === 'bytea') return literal(`\\x00ff${(at % 256).toString(16).padStart(2, '0')}`)
  if (type === 'inet' || type === 'cidr') return literal(`10.0.0.${at % 250}`)
  return literal(textOf(type, bare(name), { at, style }))
}

function itemsOf(type: string, { at, style }: { at: number; style: Style }): string {
  if (style === 'awkward') return '{}'
  if (/^(?:integer|bigint|smallint|numeric|double|real)/.test(type)) return `{${at},${at + 1}}`
  return /^(?:text|character|varchar)/.test(type) ? `{"a ${at}","it's \\"so\\"",NULL}` : '{}'
}

function textOf(type: string, name: string, { at, style }: { at: number; style: Style }): string {
  if (style === 'digits') return String(10 + at)
  // Short, so that a column may become narrower.
  const length = Number(/\((\d+)\)/.exec(type)?.[1] ?? 10)
  const text = style === 'awkward' ? `${at}'"\t\\Në漢` : `${at} ${name}`
  return text.slice(0, Math.min(length, 10))
}
