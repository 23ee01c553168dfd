import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import { assertNever } from '../kernel/index.ts'

/** A change of a name in a database, and of nothing else: its inverse brings back all. */
export type Rename = { readonly schema: string; readonly from: string; readonly to: string } & (
  | { readonly kind: 'table' | 'index' | 'type' }
  | { readonly kind: 'column' | 'constraint'; readonly table: string }
  | { readonly kind: 'enum-value'; readonly type: string }
)

/** The words before a SET SCHEMA that is rolled back as one. What a schema holds besides is made of its text alone. */
type Movable =
  | 'TABLE'
  | 'FOREIGN TABLE'
  | 'VIEW'
  | 'MATERIALIZED VIEW'
  | 'SEQUENCE'
  | 'TYPE'
  | 'DOMAIN'

/** A change of the schema that something stands in, with all that it holds. */
export interface Move {
  readonly kind: 'move'
  readonly of: Movable
  readonly name: string
  /** The schemas. */
  readonly from: string
  readonly to: string
}

/** What becomes of a name, and of nothing else. */
export type NameChange = Rename | Move

/** The change that undoes it. */
export function inverse<Change extends NameChange>(rename: Change): Change {
  return { ...rename, from: rename.to, to: rename.from }
}

/** A rename or a move as SQL, without a semicolon; with the schema where `qualified`, and always in a move. */
export function renameSql(rename: NameChange, qualified: boolean): string {
  if (rename.kind === 'move') return moveSql(rename)
  const { schema, from, to } = rename
  const name = (object: string) =>
    qualified ? `${quoteIdentifier(schema)}.${quoteIdentifier(object)}` : quoteIdentifier(object)
  const [old, fresh] = [quoteIdentifier(from), quoteIdentifier(to)]
  switch (rename.kind) {
    case 'table':
      return `ALTER TABLE ${name(from)} RENAME TO ${fresh}`
    case 'index':
      return `ALTER INDEX ${name(from)} RENAME TO ${fresh}`
    case 'type':
      return `ALTER TYPE ${name(from)} RENAME TO ${fresh}`
    case 'column':
      return `ALTER TABLE ${name(rename.table)} RENAME COLUMN ${old} TO ${fresh}`
    case 'constraint':
      return `ALTER TABLE ${name(rename.table)} RENAME CONSTRAINT ${old} TO ${fresh}`
    case 'enum-value':
      return `ALTER TYPE ${name(rename.type)} RENAME VALUE ${quoteLiteral(from)} TO ${quoteLiteral(to)}`
    default:
      return assertNever(rename)
  }
}

function moveSql({ of, name, from, to }: Move): string {
  return `ALTER ${of} ${quoteIdentifier(from)}.${quoteIdentifier(name)} SET SCHEMA ${quoteIdentifier(to)}`
}

/** A move to the default schema of whichever database it runs on: there is no word for it but in code. */
export function moveToDefaultSql({ of, name, from }: Move): string {
  const move = `ALTER ${of} ${quoteIdentifier(from)}.${quoteIdentifier(name)} SET SCHEMA %I`
  const format = `format(${quoteLiteral(move.replaceAll(/%(?!I$)/g, '%%'))}, current_schema())`
  const tag = move.includes('$$') ? '$slipway$' : '$$'
  return `DO ${tag} BEGIN EXECUTE ${format}; END ${tag}`
}

const ID = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const RENAME = new RegExp(
  String.raw`^ALTER\s+(TABLE|INDEX|TYPE)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:${ID}\s*\.\s*)?${ID}\s+RENAME\s+([\s\S]+)$`,
  'iu',
)
const TO = new RegExp(String.raw`^TO\s+${ID}$`, 'iu')
const CONSTRAINT = new RegExp(String.raw`^CONSTRAINT\s+${ID}\s+TO\s+${ID}$`, 'iu')
const VALUE = /^VALUE\s+'((?:[^']|'')*)'\s+TO\s+'((?:[^']|'')*)'$/i
const COLUMN = new RegExp(String.raw`^(?:COLUMN\s+)?${ID}\s+TO\s+${ID}$`, 'iu')
const MOVE = new RegExp(
  String.raw`^ALTER\s+((?:FOREIGN\s+)?TABLE|(?:MATERIALIZED\s+)?VIEW|SEQUENCE|TYPE|DOMAIN)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:${ID}\s*\.\s*)?${ID}\s+SET\s+SCHEMA\s+${ID}$`,
  'iu',
)

/** The rename or the move that a statement is, if it is one. A name without a schema is in the default schema. */
export function readNameChange(statement: string, defaultSchema: string): NameChange | undefined {
  return readRename(statement, defaultSchema) ?? readMove(statement, defaultSchema)
}

function readMove(statement: string, defaultSchema: string): Move | undefined {
  const [, word, schema = quoteIdentifier(defaultSchema), name, to] =
    MOVE.exec(statement.trim()) ?? []
  if (word === undefined || name === undefined || to === undefined) return undefined
  const of = word.toUpperCase().replaceAll(/\s+/g, ' ') as Movable
  return { kind: 'move', of, name: identifier(name), from: identifier(schema), to: identifier(to) }
}

function readRename(statement: string, defaultSchema: string): Rename | undefined {
  const [, word = '', schemaText, objectText = '', rest = ''] = RENAME.exec(statement.trim()) ?? []
  if (word === '') return undefined
  const schema = schemaText === undefined ? defaultSchema : identifier(schemaText)
  const object = identifier(objectText)
  const owner = word.toLowerCase() as 'table' | 'index' | 'type'
  const [, to] = TO.exec(rest) ?? []
  if (to !== undefined) return { kind: owner, schema, from: object, to: identifier(to) }
  if (owner === 'type') return readValue(rest, schema, object)
  const [, oldName, newName] = CONSTRAINT.exec(rest) ?? []
  if (oldName !== undefined && newName !== undefined) {
    return {
      kind: 'constraint',
      schema,
      table: object,
      from: identifier(oldName),
      to: identifier(newName),
    }
  }
  const [, oldColumn, newColumn] = COLUMN.exec(rest) ?? []
  if (oldColumn === undefined || newColumn === undefined) return undefined
  return {
    kind: 'column',
    schema,
    table: object,
    from: identifier(oldColumn),
    to: identifier(newColumn),
  }
}

function readValue(rest: string, schema: string, type: string): Rename | undefined {
  const [, from, to] = VALUE.exec(rest) ?? []
  if (from === undefined || to === undefined) return undefined
  const literal = (text: string) => text.replaceAll("''", "'")
  return { kind: 'enum-value', schema, type, from: literal(from), to: literal(to) }
}

function identifier(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase()
}
