import { dialectOf, quoteIdentifier, type Session } from '../database/index.ts'
import {
  destructionsBy,
  objectKey,
  type ObjectRef,
  parserFor,
  schemaRef,
  type Statement,
} from '../statements/index.ts'
import {
  type IndexFacts,
  readGeneratedColumns,
  readIndexes,
  readInexpressibleTables,
  readInexpressibleTypes,
} from './inexpressible.ts'

/** An object that stays although Prisma's engine would have dropped it. */
export interface KeptObject {
  readonly object: ObjectRef
  /** What of it the Prisma schema has no words for. */
  readonly reason: string
}

/** A migration's SQL without the drops that would destroy what the schema cannot express. */
export interface Spared {
  readonly sql: string
  readonly kept: readonly KeptObject[]
}

export interface SpareOptions {
  /** A shadow database in the state before the SQL. */
  readonly session: Session
  /** The schema uses the preview feature `partialIndexes`. */
  readonly partialIndexes: boolean
}

/**
 * Removes from the engine's SQL the drops of objects that the history has and the Prisma schema cannot
 * express (prisma#29220, #29263). A drop stays if it is the consequence of another: an index whose
 * column is dropped, or that is rebuilt with another key. The drop of a unique constraint, which
 * the engine writes as that of an index and PostgreSQL refuses, becomes one of a constraint.
 */
export async function spareInexpressible(sql: string, options: SpareOptions): Promise<Spared> {
  if (!/\bDROP\b/.test(sql)) return { sql, kept: [] }
  const { parse } = await parserFor(dialectOf(options.session))
  const statements = parse(sql)
  const drops = statements.flatMap((statement) =>
    readDrop(statement, options.session.server.schema),
  )
  const judged = await judge(drops, statements, options)
  if (judged.length === 0) return { sql, kept: [] }
  let text = sql
  for (const { statement, instead } of judged.toSorted(
    (a, b) => b.statement.start - a.statement.start,
  )) {
    const { start, end } = statement
    if (instead === undefined) text = withoutParagraph(text, start, end)
    else text = text.slice(0, start) + instead + text.slice(end)
  }
  const kept = judged.flatMap((one) => (one.kept ? [one.kept] : []))
  return { sql: withoutWarnings(text, judged), kept }
}

const NAME = String.raw`(?:"((?:[^"]|"")+)"\.)?"((?:[^"]|"")+)"`
const DROP_OBJECT = new RegExp(`^DROP (INDEX|TABLE|TYPE) ${NAME}$`)
const DROP_KEY = new RegExp(`^ALTER TABLE ${NAME} DROP CONSTRAINT "((?:[^"]|"")+)"$`)
const ALTER_TABLE = new RegExp(`^ALTER TABLE ${NAME} `)
/** An index that is built: `UNIQUE`, its name and its key. */
const BUILD = /^CREATE (UNIQUE )?INDEX "((?:[^"]|"")+)" ON .*?\((.*)\)$/s
const DROP_DEFAULT = /ALTER COLUMN\s+"((?:[^"]|"")+)" DROP DEFAULT(?:,\n)?/g

interface Drop {
  readonly statement: Statement
  readonly kind: 'INDEX' | 'TABLE' | 'TYPE' | 'KEY' | 'DEFAULT'
  readonly schema: string
  /** The object; for a key or a default, its table. */
  readonly name: string
}

/** The engine writes every kind of drop in one form: no parser is needed to tell them apart. */
function readDrop(statement: Statement, inSchema: string): Drop[] {
  const { text } = statement
  const nameOf = (schema: string | undefined, name = '') => ({
    schema: schema === undefined ? inSchema : unescaped(schema),
    name: unescaped(name),
  })
  const object = DROP_OBJECT.exec(text)
  if (object)
    return [{ statement, kind: object[1] as Drop['kind'], ...nameOf(object[2], object[3]) }]
  const key = DROP_KEY.exec(text)
  if (key) return [{ statement, kind: 'KEY', ...nameOf(key[1], key[2]) }]
  const table = text.includes(' DROP DEFAULT') ? ALTER_TABLE.exec(text) : null
  return table ? [{ statement, kind: 'DEFAULT', ...nameOf(table[1], table[2]) }] : []
}

function unescaped(name: string): string {
  return name.replaceAll('""', '"')
}

/** A statement that is not written as the engine had it: not at all, or something instead. */
interface Judged {
  readonly statement: Statement
  readonly instead?: string
  readonly kept?: KeptObject
}

async function judge(
  drops: readonly Drop[],
  statements: readonly Statement[],
  { session, partialIndexes }: SpareOptions,
): Promise<Judged[]> {
  const namesOf = (kind: Drop['kind']) =>
    drops.filter((drop) => drop.kind === kind).map(({ name }) => name)
  const tables = await ifAny(namesOf('TABLE'), (names) => readInexpressibleTables(session, names))
  const types = await ifAny(namesOf('TYPE'), (names) => readInexpressibleTypes(session, names))
  const indexes = await ifAny(namesOf('INDEX'), (names) =>
    readIndexes(session, names, partialIndexes),
  )
  const generated = await ifAny(namesOf('DEFAULT'), (names) => readGeneratedColumns(session, names))
  const defaultSchema = session.server.schema
  const going = new Set(
    statements
      .flatMap(({ actions }) => actions)
      .flatMap((action) => destructionsBy(action, defaultSchema))
      .map(({ object }) => objectKey(object)),
  )
  return drops.flatMap((drop): Judged[] => {
    const same = (thing: { schema: string; name: string }) =>
      thing.schema === drop.schema && thing.name === drop.name
    switch (drop.kind) {
      case 'INDEX':
        return judgeIndex(drop, indexes.find(same), { going, statements, defaultSchema })
      case 'DEFAULT':
        return judgeDefault(
          drop,
          generated.filter((one) => one.schema === drop.schema && one.table === drop.name),
          defaultSchema,
        )
      case 'KEY':
        return tables.some(same) ? [{ statement: drop.statement }] : []
      case 'TABLE':
      case 'TYPE': {
        const found = (drop.kind === 'TABLE' ? tables : types).find(same)
        if (!found) return []
        const object: ObjectRef = {
          kind: drop.kind === 'TABLE' ? 'table' : 'type',
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

/** What else the SQL does, and where. */
interface DropPlan {
  readonly going: ReadonlySet<string>
  readonly statements: readonly Statement[]
  readonly defaultSchema: string
}

function judgeIndex(
  drop: Drop,
  index: IndexFacts | undefined,
  { going, statements, defaultSchema }: DropPlan,
): Judged[] {
  if (!index) return []
  const follows = index.columns.some(({ schema, table, name }) =>
    going.has(objectKey({ kind: 'column', schema: schemaRef(schema, defaultSchema), table, name })),
  )
  const rebuilt = statements.find(
    ({ text }) => unescaped(BUILD.exec(text)?.[2] ?? '') === drop.name,
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
  const prefix = drop.statement.text.startsWith(`DROP INDEX ${quoteIdentifier(drop.schema)}.`)
    ? `${quoteIdentifier(drop.schema)}.`
    : ''
  const table = `${prefix}${quoteIdentifier(index.table)}`
  const instead = `ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(index.constraint)}`
  return [{ statement: drop.statement, instead }]
}

/** The engine rebuilds what it considers changed; what the schema says of it may be as it was. */
function buildsLike({ text }: Statement, index: IndexFacts): boolean {
  const [, unique, , key] = BUILD.exec(text) ?? []
  return key === index.key && (unique !== undefined) === index.unique
}

function judgeDefault(
  drop: Drop,
  generated: readonly { readonly name: string }[],
  defaultSchema: string,
): Judged[] {
  const { text } = drop.statement
  const spared: string[] = []
  const rest = text.replaceAll(DROP_DEFAULT, (clause, quoted: string) => {
    if (!generated.some(({ name }) => name === unescaped(quoted))) return clause
    spared.push(unescaped(quoted))
    return ''
  })
  const [first] = spared
  if (first === undefined) return []
  const object: ObjectRef = {
    kind: 'column',
    schema: schemaRef(drop.schema, defaultSchema),
    table: drop.name,
    name: first,
  }
  const kept = { object, reason: 'generated' }
  const empty = new RegExp(`^ALTER TABLE ${NAME}\\s*$`).test(rest)
  return [
    {
      statement: drop.statement,
      kept,
      ...(empty ? {} : { instead: rest.trimEnd().replace(/,$/, '') }),
    },
  ]
}

/** Removes a statement with its semicolon, the comment that heads it and the blank line behind it. */
function withoutParagraph(sql: string, start: number, end: number): string {
  const head = /(?:^|\n)--[^\n]*\n$/.exec(sql.slice(0, start))
  const from = head ? head.index + (head[0].startsWith('\n') ? 1 : 0) : start
  const tail = /^\s*;[^\n]*\n?\n?/.exec(sql.slice(end))
  return sql.slice(0, from) + sql.slice(end + (tail?.[0].length ?? 0))
}

/** The engine's warnings at the head speak of tables by name; those that stay are none of them. */
function withoutWarnings(sql: string, judged: readonly Judged[]): string {
  const tables = judged.flatMap(({ statement, kept }) => {
    const [, kind, , table] = (kept && DROP_OBJECT.exec(statement.text)) ?? []
    return kind === 'TABLE' && table !== undefined ? [unescaped(table)] : []
  })
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
