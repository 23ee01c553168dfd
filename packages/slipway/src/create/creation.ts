import {
  type Action,
  alterTableText,
  identifierOf,
  isKeyword,
  type ObjectName,
  ownershipOf,
  type StatementParser,
  textOf,
  type Token,
  tokensOf,
  wordsOf,
} from '../statements/index.ts'

/** The statements that create a schema, in two parts: rows are inserted between them. */
export interface Creation {
  readonly tables: readonly string[]
  /**
   * Foreign keys, triggers, policies and everything else that must not affect rows while they are inserted.
   */
  readonly rowGuards: readonly string[]
}

/**
 * Orders the statements that create a schema from an empty catalog, for readers and for inserting rows:
 * schemas, extensions, enums and other types, then the tables and everything that depends on them, each
 * column at its place (`columnOrder`, by `schema.table`), the guards last. Pure.
 */
export function creationOf(
  statements: readonly string[],
  columnOrder: ReadonlyMap<string, readonly string[]>,
  parser: StatementParser,
): Creation {
  const pieces = statements
    .map((sql) => pieceOf(sql, parser))
    // An extension creates its own comment, and its creator owns it.
    .filter(({ actions }) => !actions.some((action) => isComment(action, ['OBJECT_EXTENSION'])))
  const inOrder = withTypesBeforeTables(pieces).toSorted((a, b) => a.rank - b.rank)
  const isGuarding = ({ rank }: Piece) => rank === GUARD
  const made = inOrder.filter((piece) => !isGuarding(piece))
  return {
    tables: withColumnsInTables(made, columnOrder),
    rowGuards: inOrder.filter(isGuarding).map(({ sql }) => sql),
  }
}

interface Piece {
  readonly sql: string
  readonly actions: readonly Action[]
  readonly rank: number
}

function pieceOf(sql: string, { parse }: StatementParser): Piece {
  const actions = parse(sql).flatMap((statement) => statement.actions)
  const rank = rankOf(actions)
  return { sql: rank < 2 ? withIfNotExists(sql) : sql, actions, rank }
}

/** Adds IF NOT EXISTS, because the operator of a database may have created its schemas and extensions. */
function withIfNotExists(sql: string): string {
  const [, kind, next] = tokensOf(sql)
  if (kind === undefined || isKeyword(next, 'IF')) return sql
  return `${sql.slice(0, kind.end)} IF NOT EXISTS${sql.slice(kind.end)}`
}

const TYPE = 3
const TABLE = 4
const GUARD = 5

/** Schemas, extensions and enums need nothing else, and nothing else needs a guard. */
function rankOf(actions: readonly Action[]): number {
  if (actions.some((action) => isOther(action, ['CreateSchemaStmt']))) return 0
  if (actions.some(({ kind }) => kind === 'create-extension')) return 1
  if (actions.some(({ kind }) => kind === 'create-enum')) return 2
  return actions.some(isGuard) ? GUARD : TABLE
}

/**
 * Moves domains, composite types and ranges before the tables, unless they need an object that is not moved.
 */
function withTypesBeforeTables(pieces: readonly Piece[]): Piece[] {
  const staying: string[] = []
  return pieces.map((piece) => {
    if (piece.rank !== TABLE) return piece
    const isType = piece.actions.some((action) => isOther(action, TYPES))
    if (isType && !staying.some((name) => mentionsName(piece.sql, name)))
      return { ...piece, rank: TYPE }
    staying.push(...ownershipOf(piece.sql).placed.map(({ name }) => name))
    return piece
  })
}

const TYPES = ['CreateDomainStmt', 'CompositeTypeStmt', 'CreateRangeStmt']

function isGuard(action: Action): boolean {
  switch (action.kind) {
    case 'create-trigger':
    case 'create-policy':
    case 'validate-constraint':
    case 'row-security':
      return true
    case 'add-constraint':
      return action.constraint.kind === 'foreign-key' || action.constraint.notValid
    case 'alter-table':
      return /^AT_(?:(?:En|Dis)able\w*(?:Trig|Rule)|(?:No)?ForceRowSecurity)/.test(
        action.subcommand,
      )
    default:
      return isOther(action, GUARDING) || isComment(action, GUARDS)
  }
}

const GUARDING = ['CreateEventTrigStmt', 'AlterEventTrigStmt', 'RuleStmt']
const GUARDS = ['TRIGGER', 'EVENT_TRIGGER', 'TABCONSTRAINT', 'DOMCONSTRAINT', 'POLICY', 'RULE'].map(
  (kind) => `OBJECT_${kind}`,
)

function isOther(action: Action, statements: readonly string[]): boolean {
  return action.kind === 'other' && statements.includes(action.statement)
}

function isComment(action: Action, of: readonly string[]): boolean {
  return action.kind === 'other' && of.includes(action.of ?? '')
}

/**
 * Moves columns that are added to a table, because they need something that is created after it, back into
 * its definition, and puts all columns in order. The table moves to the place of the last such column, if
 * nothing before that needs it.
 */
function withColumnsInTables(
  pieces: readonly Piece[],
  columnOrder: ReadonlyMap<string, readonly string[]>,
): string[] {
  const slots: (string | undefined)[] = pieces.map(({ sql }) => sql)
  const added = pieces.map(addedColumn)
  for (const [index, { sql, actions }] of pieces.entries()) {
    const [action] = actions
    if (action?.kind !== 'create-table' || action.partitionOf) continue
    const { schema = '', name } = action.table
    const own = added.flatMap((one, at) =>
      at > index && one?.table.name === name && one.table.schema === schema ? [{ ...one, at }] : [],
    )
    const between = pieces.slice(index + 1, own.at(-1)?.at ?? index)
    const movable = !between.some(
      (other, offset) => !added[index + 1 + offset] && mentionsName(other.sql, name),
    )
    const whole = movable
      ? own
      : own.filter(({ text, at }) => !needsOneOf(text, pieces.slice(index + 1, at)))
    for (const { at } of whole) slots[at] = undefined
    slots[index] = undefined
    const table = tableSql(
      sql,
      whole.map(({ text }) => text),
      columnOrder.get(`${schema}.${name}`) ?? [],
    )
    slots[movable ? (whole.at(-1)?.at ?? index) : index] = table
  }
  return slots.filter((sql) => sql !== undefined)
}

/** The column that a statement adds, if it does nothing else. */
function addedColumn({
  sql,
  actions: [action, ...more],
}: Piece): { readonly table: ObjectName; readonly text: string } | undefined {
  if (action?.kind !== 'add-column' || action.ifNotExists || more.length > 0) return undefined
  const [part = ''] = alterTableText(sql)?.parts ?? []
  const [, word, ...rest] = tokensOf(part)
  const definition = word && !isKeyword(word, 'COLUMN') ? [word, ...rest] : rest
  return { table: action.table, text: textOf(part, definition) }
}

/** Whether SQL contains a name, also within code and its literals. */
function mentionsName(sql: string, name: string): boolean {
  return wordsOf(sql).some((word) => identifierOf(word) === name)
}

/** Whether a column's definition names something that these statements create. */
function needsOneOf(column: string, pieces: readonly Piece[]): boolean {
  const [, ...rest] = tokensOf(column).map(({ text }) => text)
  const names = new Set(rest.map(identifierOf))
  const literals = rest.filter((text) => text.startsWith("'"))
  return pieces.some(({ sql }) =>
    ownershipOf(sql).placed.some(
      ({ name }) => names.has(name) || literals.some((text) => text.includes(name)),
    ),
  )
}

/** A table with one item per line: its columns in their order, then its constraints. */
function tableSql(sql: string, columns: readonly string[], order: readonly string[]): string {
  const { head, items, tail } = partsOf(sql)
  if (items.length + columns.length === 0) return sql
  const own = items.filter((item) => item.startsWith('"'))
  const rest = items.filter((item) => !item.startsWith('"'))
  const place = (item: string) => order.indexOf(identifierOf(tokensOf(item)[0]?.text ?? ''))
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
