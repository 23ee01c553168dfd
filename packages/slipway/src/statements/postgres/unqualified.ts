import { byteIndexer } from '../position.ts'
import { names } from './definition.ts'
import { treeOf } from './parser.ts'
import { type Token, tokensOf, identifierOf } from './tokens.ts'

/**
 * Removes the name of a schema from a statement, so that its names refer to the default schema of the
 * database on which it runs. Names for which `keeps` is true stay qualified. Literals do not change, except
 * names of relations and types (`'app.user_id_seq'::regclass`, `setval('app.user_id_seq', …)`). Needs
 * `loadParser`.
 */
export function unqualified(
  sql: string,
  schema: string,
  keeps: (name: string) => boolean = () => false,
): string {
  const found = read(sql)
  if (found === undefined) return sql
  const { tokens } = found
  const cuts = tokens.flatMap((token, at): Cut[] => {
    if (isQualifier(found, at, schema)) {
      const name = tokens[at + 2]
      return name && !keeps(identifierOf(name.text))
        ? [{ start: token.start, end: name.start }]
        : []
    }
    if (found.named.has(token.start)) return withoutQualifier(token, schema, keeps)
    return found.extension && isSchemaOption(tokens, at, schema)
      ? [{ start: tokens[at - 1]?.end ?? 0, end: tokens[at + 1]?.end ?? token.end }]
      : []
  })
  return cuts
    .toReversed()
    .reduce((text, { start, end, by = '' }) => text.slice(0, start) + by + text.slice(end), sql)
}

/**
 * Tells which names a file qualifies with its default schema: they refer to this schema on every database. If
 * a file qualifies all its names, this holds for every name. Needs `loadParser`.
 */
export function qualifiedNames(sql: string, schema: string): (name: string) => boolean {
  const found = read(sql)
  if (found === undefined) return () => false
  const { tokens } = found
  const written = tokens.flatMap((_, at) =>
    isQualifier(found, at, schema) ? [identifierOf(tokens[at + 2]?.text ?? '')] : [],
  )
  if (written.length > 0 && !found.unqualified) return () => true
  const all = new Set(written)
  return (name) => all.has(name)
}

/** Whether a file qualifies any name with this schema, or cannot be parsed. Needs `loadParser`. */
export function qualifiesWith(sql: string, schema: string): boolean {
  const found = read(sql)
  return found === undefined || found.tokens.some((_, at) => isQualifier(found, at, schema))
}

interface Cut {
  readonly start: number
  readonly end: number
  /** The replacement. */
  readonly by?: string
}

/** What the parse tree says about the tokens of a text. */
interface Reading {
  readonly tokens: readonly Token[]
  /** Where `a.b` is a column of a table, not a name in a schema. */
  readonly columns: ReadonlySet<number>
  /** Where a literal is the name of a relation or a type. */
  readonly named: ReadonlySet<number>
  /** Some relation is named without a schema. */
  readonly unqualified: boolean
  /** It creates an extension. */
  readonly extension: boolean
}

function read(sql: string): Reading | undefined {
  // The parser refuses an empty text.
  if (sql.trim() === '') return undefined
  // A byte order mark is not SQL.
  const readable = sql.replace(/^\uFEFF/, ' ')
  const tree = treeOf(readable)
  if (!tree) return undefined
  const indexOf = byteIndexer(readable)
  const columns: number[] = []
  const named: number[] = []
  let isUnqualified = false
  let extension = false
  walk(tree, (kind, node) => {
    const location = typeof node['location'] === 'number' ? node['location'] : 0
    switch (kind) {
      case 'ColumnRef':
        if ((node['fields'] as unknown[] | undefined)?.length === 2) columns.push(location)
        break
      case 'ResTarget':
        if (node['indirection'] !== undefined) columns.push(location)
        break
      case 'TypeCast':
      case 'FuncCall':
        named.push(...namingLiteral(kind, node))
        break
      case 'RangeVar':
      case 'relation':
        if (node['relname'] !== undefined && node['schemaname'] === undefined) isUnqualified = true
        break
      case 'CreateExtensionStmt':
        extension = true
        break
      default:
    }
  })
  return {
    tokens: tokensOf(readable),
    columns: new Set(columns.map(indexOf)),
    named: new Set(named.map(indexOf)),
    unqualified: isUnqualified,
    extension,
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Visits all objects of a tree with the key under which they are stored: the name of their kind or field. */
function walk(value: unknown, visit: (kind: string, node: Fields) => void, key = ''): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit, key)
    return
  }
  if (typeof value !== 'object' || value === null) return
  visit(key, value as Fields)
  for (const [name, child] of Object.entries(value)) walk(child, visit, name)
}

const REFERENCE_TYPES = new Set(['regclass', 'regtype', 'regproc'])
const SEQUENCE_FUNCTIONS = new Set(['nextval', 'currval', 'setval'])

/**
 * The location of a literal that is a name: it is cast to one of the types for names, or passed to a sequence
 * function.
 */
function namingLiteral(kind: 'TypeCast' | 'FuncCall', node: Fields): number[] {
  const isName =
    kind === 'TypeCast'
      ? REFERENCE_TYPES.has(names((node['typeName'] as Names | undefined)?.names).at(-1) ?? '')
      : SEQUENCE_FUNCTIONS.has(names(node['funcname'] as Names['names']).at(-1) ?? '')
  if (!isName) return []
  const literal = kind === 'TypeCast' ? node['arg'] : (node['args'] as unknown[] | undefined)?.[0]
  const constant = (literal as { A_Const?: { sval?: unknown; location?: number } } | undefined)
    ?.A_Const
  return constant?.sval === undefined ? [] : [constant.location ?? 0]
}

interface Names {
  readonly names: Parameters<typeof names>[0]
}

function isQualifier({ tokens, columns }: Reading, at: number, schema: string): boolean {
  const token = tokens[at]
  return (
    token !== undefined &&
    tokens[at + 1]?.text === '.' &&
    tokens[at - 1]?.text !== '.' &&
    identifierOf(token.text) === schema &&
    !columns.has(token.start)
  )
}

/** `SCHEMA app` of a CREATE EXTENSION. */
function isSchemaOption(tokens: readonly Token[], at: number, schema: string): boolean {
  const next = tokens[at + 1]
  return (
    tokens[at]?.text.toUpperCase() === 'SCHEMA' &&
    next !== undefined &&
    identifierOf(next.text) === schema
  )
}

const QUALIFIED_NAME = /^("(?:[^"]|"")+"|[^".]+)\.("(?:[^"]|"")+"|[^".]+)$/

/** The cut that removes the schema from a name within a literal. */
function withoutQualifier(
  { text, start, end }: Token,
  schema: string,
  keeps: (name: string) => boolean,
): Cut[] {
  if (!text.startsWith("'")) return []
  const [, first = '', name = ''] =
    QUALIFIED_NAME.exec(text.slice(1, -1).replaceAll("''", "'")) ?? []
  if (name === '' || identifierOf(first) !== schema || keeps(identifierOf(name))) return []
  return [{ start, end, by: `'${name.replaceAll("'", "''")}'` }]
}
