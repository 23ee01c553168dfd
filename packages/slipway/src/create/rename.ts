import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import { assertNever } from '../kernel/index.ts'

/** A change of a name in a database, and of nothing else: its inverse brings back all. */
export type Rename = { readonly schema: string; readonly from: string; readonly to: string } & (
  | { readonly kind: 'table' | 'index' | 'type' }
  | { readonly kind: 'column' | 'constraint'; readonly table: string }
  | { readonly kind: 'enum-value'; readonly type: string }
)

/** The rename that undoes it. */
export function inverse(rename: Rename): Rename {
  return { ...rename, from: rename.to, to: rename.from }
}

/** A rename as SQL, without a semicolon; with the schema where `qualified`. */
export function renameSql(rename: Rename, qualified: boolean): string {
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

const ID = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const RENAME = new RegExp(
  String.raw`^ALTER\s+(TABLE|INDEX|TYPE)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:${ID}\s*\.\s*)?${ID}\s+RENAME\s+([\s\S]+)$`,
  'iu',
)
const TO = new RegExp(String.raw`^TO\s+${ID}$`, 'iu')
const CONSTRAINT = new RegExp(String.raw`^CONSTRAINT\s+${ID}\s+TO\s+${ID}$`, 'iu')
const VALUE = /^VALUE\s+'((?:[^']|'')*)'\s+TO\s+'((?:[^']|'')*)'$/i
const COLUMN = new RegExp(String.raw`^(?:COLUMN\s+)?${ID}\s+TO\s+${ID}$`, 'iu')

/** The rename that a statement is, if it is one. A name without a schema is taken to be in `public`. */
export function readRename(statement: string): Rename | undefined {
  const [, word = '', schemaText, objectText = '', rest = ''] = RENAME.exec(statement.trim()) ?? []
  if (word === '') return undefined
  const schema = schemaText === undefined ? 'public' : identifier(schemaText)
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
