import { type Token, tokensOf } from '../statements/index.ts'

/** The statements that create a schema; rows that it holds are written between the two parts. */
export interface Creation {
  readonly tables: readonly string[]
  /** Foreign keys, triggers, policies and what else rows must not meet while they are written. */
  readonly guards: readonly string[]
}

/**
 * Puts the statements that lead from an empty catalog into an order for people and rows: schemas, extensions,
 * enums, then the tables and all that hangs on them, each column at its place (`columnOrder`, by `schema.table`),
 * the guards last. Pure; needs `loadParser`.
 */
export function creationOf(
  statements: readonly string[],
  columnOrder: ReadonlyMap<string, readonly string[]>,
): Creation {
  const inOrder = statements
    // An extension creates its own comment, and its creator owns it.
    .filter((sql) => !sql.startsWith('COMMENT ON EXTENSION '))
    .map(whereMissing)
    .toSorted((a, b) => rankOf(a) - rankOf(b))
  const firstGuard = inOrder.findIndex((sql) => rankOf(sql) === GUARD)
  const end = firstGuard === -1 ? inOrder.length : firstGuard
  return {
    tables: withWholeTables(inOrder.slice(0, end), columnOrder),
    guards: inOrder.slice(end),
  }
}

/** The operator of a database may have created its schemas and extensions. */
function whereMissing(sql: string): string {
  return sql.replace(/^CREATE (SCHEMA|EXTENSION) (?!IF NOT EXISTS )/, 'CREATE $1 IF NOT EXISTS ')
}

const GUARD = 4

/** Nothing else is needed by a schema, an extension or an enum, and nothing else needs a guard. */
function rankOf(sql: string): number {
  if (sql.startsWith('CREATE SCHEMA ')) return 0
  if (sql.startsWith('CREATE EXTENSION ')) return 1
  if (/^CREATE TYPE \S+ AS ENUM /.test(sql)) return 2
  return GUARDS.some((guard) => guard.test(sql)) ? GUARD : 3
}

const GUARDS: readonly RegExp[] = [
  /^ALTER TABLE .* ADD CONSTRAINT .*(?:\bFOREIGN KEY\b|\bNOT VALID$)/s,
  /^ALTER TABLE .* VALIDATE CONSTRAINT /,
  /^ALTER TABLE .* (?:ENABLE|DISABLE)(?: ALWAYS| REPLICA)? (?:TRIGGER|RULE) /,
  /^ALTER TABLE .* (?:FORCE|ENABLE) ROW LEVEL SECURITY/,
  /^CREATE (?:OR REPLACE )?(?:CONSTRAINT |EVENT )?TRIGGER /,
  /^ALTER EVENT TRIGGER /,
  /^CREATE (?:OR REPLACE )?RULE /,
  /^CREATE POLICY /,
  /^COMMENT ON (?:TRIGGER|EVENT TRIGGER|CONSTRAINT|POLICY|RULE) /,
]

const NAME = /"(?:[^"]|"")+"/.source
const CREATE_TABLE = new RegExp(`^CREATE (?:UNLOGGED )?TABLE (${NAME})\\.(${NAME}) \\(`)
const ADD_COLUMN = new RegExp(`^ALTER TABLE (${NAME}\\.${NAME}) ADD COLUMN (?!IF )(.+)$`, 's')
const MADE = new RegExp(
  `^CREATE (?:OR REPLACE )?(?:TABLE|UNLOGGED TABLE|TYPE|DOMAIN|SEQUENCE|FUNCTION) (?:${NAME}\\.)?(${NAME}|[\\w$]+)`,
)

/**
 * Brings columns that are added to a table, because they need something that is created after it, into its definition again, and
 * all columns into their order. The table goes to where the last of them was, if nothing before that needs it.
 */
function withWholeTables(
  statements: readonly string[],
  columnOrder: ReadonlyMap<string, readonly string[]>,
): string[] {
  const slots: (string | undefined)[] = [...statements]
  for (const [index, sql] of statements.entries()) {
    const [, schema, name] = CREATE_TABLE.exec(sql) ?? []
    if (schema === undefined || name === undefined) continue
    const added = addedColumns(statements, `${schema}.${name}`).filter(({ at }) => at > index)
    const between = statements.slice(index + 1, added.at(-1)?.at ?? index)
    const movable = !between.some(
      (other) => !ADD_COLUMN.test(other) && speaksOf(other, unquoted(name)),
    )
    const whole = movable
      ? added
      : added.filter(({ column, at }) => !needsOneOf(column, statements.slice(index + 1, at)))
    for (const { at } of whole) slots[at] = undefined
    slots[index] = undefined
    const order = columnOrder.get(`${unquoted(schema)}.${unquoted(name)}`) ?? []
    const table = tableSql(
      sql,
      whole.map(({ column }) => column),
      order,
    )
    slots[movable ? (whole.at(-1)?.at ?? index) : index] = table
  }
  return slots.filter((sql) => sql !== undefined)
}

function addedColumns(
  statements: readonly string[],
  table: string,
): { readonly column: string; readonly at: number }[] {
  return statements.flatMap((sql, at) => {
    const [, to, column = ''] = ADD_COLUMN.exec(sql) ?? []
    return to === table ? [{ column, at }] : []
  })
}

function speaksOf(sql: string, name: string): boolean {
  const word = name.replaceAll(/[^\w]/g, String.raw`\$&`)
  return new RegExp(`(?<![\\w$])${word}(?![\\w$])`).test(sql)
}

/** Whether a column's definition names something that these statements make. */
function needsOneOf(column: string, statements: readonly string[]): boolean {
  const [, ...rest] = tokensOf(column).map(({ text }) => text)
  const names = new Set(rest.map(unquoted))
  const literals = rest.filter((text) => text.startsWith("'"))
  return statements.some((sql) => {
    const made = unquoted(MADE.exec(sql)?.[1] ?? '')
    return made !== '' && (names.has(made) || literals.some((text) => text.includes(made)))
  })
}

/** A table with an item a line: its columns in their order, then its constraints. */
function tableSql(sql: string, columns: readonly string[], order: readonly string[]): string {
  const { head, items, tail } = partsOf(sql)
  if (items.length + columns.length === 0) return sql
  const own = items.filter((item) => item.startsWith('"'))
  const rest = items.filter((item) => !item.startsWith('"'))
  const place = (item: string) => order.indexOf(unquoted(/^"(?:[^"]|"")+"/.exec(item)?.[0] ?? ''))
  const placed = [...own, ...columns].toSorted((a, b) => place(a) - place(b))
  const constraints = rest.map((item, index) => (index === 0 ? `\n    ${item}` : `    ${item}`))
  const lines = [...placed.map((item) => `    ${item}`), ...constraints]
  return `${head}(\n${lines.join(',\n')}\n)${tail}`
}

function partsOf(sql: string): {
  readonly head: string
  readonly items: readonly string[]
  readonly tail: string
} {
  const tokens = tokensOf(sql)
  const open = tokens.find(({ text, depth }) => text === '(' && depth === 0)
  const close = tokens.find(({ text, depth }) => text === ')' && depth === 0)
  if (!open || !close) return { head: sql, items: [], tail: '' }
  const commas = tokens.filter(
    ({ text, depth, start }) => text === ',' && depth === 1 && start < close.start,
  )
  const bounds: Pick<Token, 'start' | 'end'>[] = [open, ...commas, close]
  const items = bounds
    .slice(1)
    .map(({ start }, index) => sql.slice(bounds[index]?.end ?? 0, start).trim())
  return {
    head: sql.slice(0, open.start),
    items: items.filter((item) => item !== ''),
    tail: sql.slice(close.end),
  }
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
