import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import { assertNever } from '../kernel/index.ts'
import type { MoveAction, RenameAction, Statement } from '../statements/index.ts'

/** A change of a name and of nothing else: its inverse restores everything. */
export type Rename = { readonly schema: string; readonly from: string; readonly to: string } & (
  | { readonly kind: 'table' | 'index' | 'type' }
  | { readonly kind: 'column' | 'constraint'; readonly table: string }
  | { readonly kind: 'enum-value'; readonly type: string }
)

/** What SET SCHEMA moves and is rolled back as one. What a schema holds besides is made of its text alone. */
type Movable = Exclude<MoveAction['of'], 'other'>

/** A change of the schema of an object, with all that it holds. */
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
  return `ALTER ${WORDS[of]} ${quoteIdentifier(from)}.${quoteIdentifier(name)} SET SCHEMA ${quoteIdentifier(to)}`
}

/** A move to the default schema of whichever database it runs on: there is no word for it but in code. */
export function moveToDefaultSql({ of, name, from }: Move): string {
  const move = `ALTER ${WORDS[of]} ${quoteIdentifier(from)}.${quoteIdentifier(name)} SET SCHEMA %I`
  const format = `format(${quoteLiteral(move.replaceAll(/%(?!I$)/g, '%%'))}, current_schema())`
  const tag = move.includes('$$') ? '$slipway$' : '$$'
  return `DO ${tag} BEGIN EXECUTE ${format}; END ${tag}`
}

/** The words for what SET SCHEMA moves. */
const WORDS: Readonly<Record<Movable, string>> = {
  table: 'TABLE',
  'foreign-table': 'FOREIGN TABLE',
  view: 'VIEW',
  'materialized-view': 'MATERIALIZED VIEW',
  sequence: 'SEQUENCE',
  type: 'TYPE',
  domain: 'DOMAIN',
}

/** The rename or the move that a statement is, if it is one. A name without a schema is in the default schema. */
export function readNameChange(
  { actions }: Pick<Statement, 'actions'>,
  defaultSchema: string,
): NameChange | undefined {
  const [action] = actions
  if (action?.kind === 'set-schema') return moveOf(action, defaultSchema)
  return action?.kind === 'rename' ? renameOf(action, defaultSchema) : undefined
}

function moveOf({ of, object, to }: MoveAction, defaultSchema: string): Move | undefined {
  if (of === 'other') return undefined
  const { schema: from = defaultSchema, name } = object
  return { kind: 'move', of, name, from, to }
}

function renameOf(action: RenameAction, defaultSchema: string): Rename | undefined {
  const { from, to } = action
  switch (action.of) {
    case 'table':
    case 'index':
    case 'type':
      return { kind: action.of, schema: action.schema ?? defaultSchema, from, to }
    case 'column':
    case 'constraint': {
      const { schema = defaultSchema, name: table } = action.table
      return { kind: action.of, schema, table, from, to }
    }
    case 'enum-value': {
      const { schema = defaultSchema, name: type } = action.type
      return { kind: action.of, schema, type, from, to }
    }
    default:
      return undefined
  }
}
