import { dialectOf, quoteIdentifier, type Session } from '../database/index.ts'
import {
  alterTableText,
  destructionsBy,
  objectKey,
  type ObjectName,
  type ObjectRef,
  parserFor,
  schemaRef,
  type Statement,
  type Token,
  tokensOf,
} from '../statements/index.ts'
import {
  type IndexFacts,
  readGeneratedColumns,
  readIndexes,
  readInexpressibleTables,
  readInexpressibleTypes,
} from './inexpressible.ts'

/** An object that is not dropped, although Prisma's engine would drop it. */
export interface KeptObject {
  readonly object: ObjectRef
  /** The part that the Prisma schema cannot express. */
  readonly reason: string
  /** What may go wrong because it is kept. */
  readonly caution?: string
}

/** What a migration destroys only because the Prisma schema cannot express it. */
export interface LostObject {
  /** The object, or the table or column that loses a part. */
  readonly object: ObjectRef
  /** The part as SQL: `CHECK (price > 0)`. Absent if the object itself is lost. */
  readonly part?: string
  /** Why it is not kept. */
  readonly reason: string
}

/** A migration's SQL without the drops that would destroy what the schema cannot express. */
export interface KeptSql {
  readonly sql: string
  readonly kept: readonly KeptObject[]
  readonly notKept: readonly LostObject[]
}

export interface KeepOptions {
  /** A shadow database in the state before the SQL. */
  readonly session: Session
  /** The schema uses the preview feature `partialIndexes`. */
  readonly partialIndexes: boolean
}

/**
 * Removes from the engine's SQL the drops of objects that the history has and the Prisma schema cannot
 * express (prisma#29220, #29263). A drop stays if it follows from another change: an index whose column is
 * dropped, or that is rebuilt with another key. The engine drops a unique constraint by DROP INDEX, which
 * PostgreSQL rejects; it becomes DROP CONSTRAINT.
 */
export async function keepInexpressible(sql: string, options: KeepOptions): Promise<KeptSql> {
  const { parse } = await parserFor(dialectOf(options.session))
  const statements = parse(sql)
  const drops = statements.flatMap((statement) =>
    readDrop(statement, options.session.server.schema),
  )
  const judged = drops.length === 0 ? [] : await decideDrop(drops, statements, options)
  let text = sql
  for (const { statement, instead } of judged.toSorted(
    (a, b) => b.statement.start - a.statement.start,
  )) {
    const { start, end } = statement
    if (instead === undefined) text = withoutParagraph(text, start, end)
    else text = text.slice(0, start) + instead + text.slice(end)
  }
  const kept = judged.flatMap((one) => (one.kept ? [one.kept] : []))
  return { sql: withoutWarnings(text, judged), kept, notKept: [] }
}

interface Drop {
  readonly statement: Statement
  readonly kind: 'index' | 'table' | 'type' | 'key' | 'default'
  readonly schema: string
  /** The object; for a key or a default, its table. */
  readonly name: string
}

function readDrop(statement: Statement, inSchema: string): Drop[] {
  const dropOf = (kind: Drop['kind'], { schema = inSchema, name }: ObjectName) => [
    { statement, kind, schema, name },
  ]
  const [action, ...more] = statement.actions
  if (action?.kind === 'drop-index') return dropOf('index', action.index)
  if (action?.kind === 'drop' && (action.of === 'table' || action.of === 'type'))
    return dropOf(action.of, action.object)
  if (action?.kind === 'drop-constraint' && more.length === 0) return dropOf('key', action.table)
  const change = statement.actions.find(({ kind }) => kind === 'drop-default')
  return change?.kind === 'drop-default' ? dropOf('default', change.table) : []
}

/** A statement of the engine that is left out, or replaced. */
interface DropDecision {
  readonly statement: Statement
  readonly instead?: string
  readonly kept?: KeptObject
}

async function decideDrop(
  drops: readonly Drop[],
  statements: readonly Statement[],
  { session, partialIndexes }: KeepOptions,
): Promise<DropDecision[]> {
  const namesOf = (kind: Drop['kind']) =>
    drops.filter((drop) => drop.kind === kind).map(({ name }) => name)
  const tables = await ifAny(namesOf('table'), (names) => readInexpressibleTables(session, names))
  const types = await ifAny(namesOf('type'), (names) => readInexpressibleTypes(session, names))
  const indexes = await ifAny(namesOf('index'), (names) =>
    readIndexes(session, names, partialIndexes),
  )
  const generated = await ifAny(namesOf('default'), (names) => readGeneratedColumns(session, names))
  const defaultSchema = session.server.schema
  const going = new Set(
    statements
      .flatMap(({ actions }) => actions)
      .flatMap((action) => destructionsBy(action, defaultSchema))
      .map(({ object }) => objectKey(object)),
  )
  return drops.flatMap((drop): DropDecision[] => {
    const same = (thing: { schema: string; name: string }) =>
      thing.schema === drop.schema && thing.name === drop.name
    switch (drop.kind) {
      case 'index':
        return judgeIndex(drop, indexes.find(same), { going, statements, defaultSchema })
      case 'default':
        return judgeDefault(
          drop,
          generated.filter((one) => one.schema === drop.schema && one.table === drop.name),
          defaultSchema,
        )
      case 'key':
        return tables.some(same) ? [{ statement: drop.statement }] : []
      case 'table':
      case 'type': {
        const found = (drop.kind === 'table' ? tables : types).find(same)
        if (!found) return []
        const object: ObjectRef = {
          kind: drop.kind,
          schema: schemaRef(drop.schema, defaultSchema),
          name: drop.name,
        }
        return [{ statement: drop.statement, kept: { object, reason: found.reason } }]
      }
    }
  })
}

async function ifAny<T>(
  names: readonly string[],
  read: (names: readonly string[]) => Promise<T[]>,
): Promise<T[]> {
  return names.length === 0 ? [] : await read(names)
}

/** What else the SQL does, and the default schema. */
interface DropPlan {
  readonly going: ReadonlySet<string>
  readonly statements: readonly Statement[]
  readonly defaultSchema: string
}

function judgeIndex(
  drop: Drop,
  index: IndexFacts | undefined,
  { going, statements, defaultSchema }: DropPlan,
): DropDecision[] {
  if (!index) return []
  const follows = index.columns.some(({ schema, table, name }) =>
    going.has(objectKey({ kind: 'column', schema: schemaRef(schema, defaultSchema), table, name })),
  )
  const rebuilt = statements.find(
    ({ actions: [action] }) =>
      action?.kind === 'create-index' &&
      action.name === drop.name &&
      (action.table.schema ?? defaultSchema) === drop.schema,
  )
  if (index.reason !== null && !follows && (!rebuilt || buildsLike(rebuilt, index))) {
    const object: ObjectRef = {
      kind: 'index',
      schema: schemaRef(drop.schema, defaultSchema),
      name: drop.name,
    }
    const kept = { object, reason: index.reason }
    return [{ statement: drop.statement, kept }, ...(rebuilt ? [{ statement: rebuilt }] : [])]
  }
  if (index.constraint === null) return []
  const [action] = drop.statement.actions
  const isQualified = action?.kind === 'drop-index' && action.index.schema !== undefined
  const prefix = isQualified ? `${quoteIdentifier(drop.schema)}.` : ''
  const table = `${prefix}${quoteIdentifier(index.table)}`
  const instead = `ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(index.constraint)}`
  return [{ statement: drop.statement, instead }]
}

/**
 * Whether a statement builds an index with the same key. The engine rebuilds an index that it considers
 * changed, even if the part that the schema can express is the same.
 */
function buildsLike({ text, actions: [action] }: Statement, index: IndexFacts): boolean {
  if (action?.kind !== 'create-index' || action.where !== undefined) return false
  const [open, close] = tokensOf(text).filter((token) => isParenthesis(token))
  return action.unique === index.unique && text.slice(open?.end, close?.start) === index.key
}

function isParenthesis({ text, depth }: Token): boolean {
  return depth === 0 && (text === '(' || text === ')')
}

function judgeDefault(
  { statement, schema, name: table }: Drop,
  generated: readonly { readonly name: string }[],
  defaultSchema: string,
): DropDecision[] {
  const keptParts = statement.actions.map((action) =>
    action.kind === 'drop-default' && generated.some(({ name }) => name === action.column)
      ? action.column
      : undefined,
  )
  const name = keptParts.find((column) => column !== undefined)
  const whole = alterTableText(statement.text)
  if (name === undefined || whole === undefined) return []
  const rest = whole.parts.filter((_, index) => keptParts[index] === undefined)
  const object: ObjectRef = {
    kind: 'column',
    schema: schemaRef(schema, defaultSchema),
    table,
    name,
  }
  const kept = { object, reason: 'generated' }
  const instead = `${whole.head} ${rest.join(',\n')}`
  return [{ statement, kept, ...(rest.length === 0 ? {} : { instead }) }]
}

/** Removes a statement with its semicolon, the comment above it and the blank line after it. */
export function withoutParagraph(sql: string, start: number, end: number): string {
  const head = /(?:^|\n)--[^\n]*\n$/.exec(sql.slice(0, start))
  const from = head ? head.index + (head[0].startsWith('\n') ? 1 : 0) : start
  const tail = /^\s*;[^\n]*\n?\n?/.exec(sql.slice(end))
  return sql.slice(0, from) + sql.slice(end + (tail?.[0].length ?? 0))
}

/** Removes the engine's warnings about tables that are kept. */
function withoutWarnings(sql: string, judged: readonly DropDecision[]): string {
  const tables = judged.flatMap(({ kept }) =>
    kept?.object.kind === 'table' ? [kept.object.name] : [],
  )
  if (tables.length === 0) return sql
  const lines = sql
    .split('\n')
    .filter(
      (line) =>
        !tables.some((table) =>
          line.startsWith(`  - You are about to drop the \`${table}\` table.`),
        ),
    )
  return lines.join('\n').replace(/^\/\*\n {2}Warnings:\n\s*\*\/\n/, '')
}
