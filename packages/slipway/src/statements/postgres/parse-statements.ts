import type { Node, ParseResult, TransactionStmt } from 'libpg-query'
import { must } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { byteIndexer, indexOfCharacter, lineStarts, placeAt, statementAt } from '../position.ts'
import type { IndexName, Statement, StatementRole } from '../statement.ts'
import { actionsOf } from './actions.ts'
import { codeOf } from './definition.ts'
import { parser, treeOf } from './parser.ts'
import { settingsEffectOf } from './settings-effect.ts'
import { wordsOf } from './tokens.ts'

/**
 * The statements of a file, by PostgreSQL's own grammar (version 18). An empty file has none. Fails with
 * STATEMENTS.SYNTAX, with the position and a caret.
 */
export function parseStatements(sql: string, file?: string): Statement[] {
  return [...parsePieces(sql, file)].flat()
}

/**
 * Like `parseStatements`, but a few statements at a time: a parse tree takes a hundred times the memory of
 * its file.
 */
export function* parsePieces(sql: string, file?: string): Generator<Statement[]> {
  // A byte order mark is not SQL, but editors on Windows write it; psql also skips it.
  const readable = sql.replace(/^\uFEFF/, ' ')
  const starts = lineStarts(sql)
  let number = 0
  for (const { from, text: piece, tree } of piecesOf(readable, file)) {
    const indexOf = byteIndexer(piece)
    const total = Buffer.byteLength(piece)
    yield (tree.stmts ?? []).map(({ stmt, stmt_location: at = 0, stmt_len: length }) => {
      const [start, end] = [indexOf(at), indexOf(length ? at + length : total)]
      const place = statementAt(sql, starts, [from + start, from + end])
      const { text } = place
      const node = stmt ?? ({} as Node)
      const actions = actionsOf(node, { text, startByte: at })
      number++
      return {
        number,
        ...place,
        role: roleOf(node),
        settings: settingsEffectOf(node, text),
        actions,
      }
    })
  }
}

interface Piece {
  readonly from: number
  readonly text: string
  readonly tree: ParseResult
}

const PIECE_CHARACTERS = 10_000
const LINE_END = /;\r?\n/g

/**
 * Splits a file after semicolons at line ends. A piece consists of whole statements if the grammar accepts it
 * and a semicolon ends its last statement. A semicolon within a literal, a comment, parentheses or a function
 * body does not end one: the piece is then extended.
 */
function* piecesOf(sql: string, file?: string): Generator<Piece> {
  let from = 0
  let length = PIECE_CHARACTERS
  while (from < sql.length) {
    LINE_END.lastIndex = from + length
    const end = LINE_END.exec(sql) === null ? sql.length : LINE_END.lastIndex
    const text = sql.slice(from, end)
    // A text of only white space has no statements.
    const tree = text.trim() === '' ? EMPTY : treeOf(text)
    const isLast = end === sql.length
    if (tree === undefined && isLast) return refuseSyntax(sql, file)
    if (tree && (isLast || isEnded(tree))) {
      yield { from, text, tree }
      from = end
      length = PIECE_CHARACTERS
    } else {
      length *= 2
    }
  }
}

/**
 * Whether a semicolon ends the last statement. The parser gives no length for a statement that the end of the
 * text ends.
 */
function isEnded({ stmts = [] }: ParseResult): boolean {
  const last = stmts.at(-1)
  return last === undefined || (last.stmt_len ?? 0) > 0
}

const EMPTY: ParseResult = { version: 0, stmts: [] }

/** Parses the whole file, so that the position of the error is the one in the file. */
function refuseSyntax(sql: string, file?: string): never {
  try {
    parser().parseSync(sql)
  } catch (error) {
    if (!parser().hasSqlDetails(error)) throw error
    const { message, cursorPosition = 0 } = error.sqlDetails ?? {}
    raise('STATEMENTS.SYNTAX', {
      message: `The SQL does not parse: ${message ?? error.message}.`,
      why: 'PostgreSQL would refuse the whole file, so nothing was run.',
      nextActions:
        file === undefined ? [] : [{ kind: 'edit', path: file, label: 'correct the SQL' }],
      where: placeAt(sql, indexOfCharacter(sql, cursorPosition + 1), file),
      cause: error,
    })
  }
  return must<never>(undefined, 'the error of a file whose end is refused')
}

const ORDINARY: StatementRole = { kind: 'ordinary' }
const ALONE: StatementRole = { kind: 'alone' }

/**
 * Source for statements that cannot run in a transaction: `PreventInTransactionBlock` in PostgreSQL's
 * tcop/utility.c.
 */
function roleOf(node: Node): StatementRole {
  if ('TransactionStmt' in node) return transactionRole(node.TransactionStmt)
  if ('IndexStmt' in node && node.IndexStmt.concurrent) {
    const { idxname, relation } = node.IndexStmt
    return idxname ? { kind: 'alone', builds: indexName(idxname, relation?.schemaname) } : ALONE
  }
  if ('DropStmt' in node && node.DropStmt.concurrent) return dropRole(node.DropStmt.objects ?? [])
  if ('AlterEnumStmt' in node) {
    const { oldVal, newVal } = node.AlterEnumStmt
    return oldVal || !newVal ? ORDINARY : { kind: 'enum-value', value: newVal }
  }
  return isAlone(node) ? ALONE : ORDINARY
}

function transactionRole({ kind, options }: TransactionStmt): StatementRole {
  switch (kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return { kind: 'begin', ...isolationIn(options) }
    case 'TRANS_STMT_COMMIT':
      return { kind: 'commit' }
    case 'TRANS_STMT_ROLLBACK':
      return { kind: 'rollback' }
    default:
      return ORDINARY
  }
}

/** The isolation level of BEGIN or START TRANSACTION; the last one counts. */
function isolationIn(options: readonly Node[] = []): { readonly isolation?: string } {
  const levels = options.flatMap((option) => {
    if (!('DefElem' in option) || option.DefElem.defname !== 'transaction_isolation') return []
    const { arg } = option.DefElem
    return arg && 'A_Const' in arg ? (arg.A_Const.sval?.sval ?? []) : []
  })
  const isolation = levels.at(-1)
  return isolation === undefined ? {} : { isolation }
}

function dropRole(objects: readonly Node[]): StatementRole {
  const parts = objects.flatMap((object) => ('List' in object ? [object.List.items ?? []] : []))
  const names = (parts[0] ?? []).flatMap((item) =>
    'String' in item ? [item.String.sval ?? ''] : [],
  )
  const name = names.at(-1)
  return parts.length === 1 && name
    ? { kind: 'alone', drops: indexName(name, names.at(-2)) }
    : ALONE
}

function indexName(name: string, schema: string | undefined): IndexName {
  return schema ? { schema, name } : { name }
}

function isAlone(node: Node): boolean {
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true
  if ('ClusterStmt' in node) return node.ClusterStmt.relation === undefined
  if ('ReindexStmt' in node) {
    const { kind, params } = node.ReindexStmt
    const concurrently = (params ?? []).some(
      (param) => 'DefElem' in param && param.DefElem.defname === 'concurrently',
    )
    return concurrently || !['REINDEX_OBJECT_INDEX', 'REINDEX_OBJECT_TABLE'].includes(kind ?? '')
  }
  if ('AlterTableStmt' in node) return (node.AlterTableStmt.cmds ?? []).some(detachesConcurrently)
  if ('DoStmt' in node) return endsTransactions(codeOf(node.DoStmt.args))
  return [
    'CreatedbStmt',
    'DropdbStmt',
    'AlterDatabaseStmt',
    'CreateTableSpaceStmt',
    'DropTableSpaceStmt',
    'AlterSystemStmt',
    'CreateSubscriptionStmt',
    'DropSubscriptionStmt',
    'CallStmt',
  ].some((kind) => kind in node)
}

function detachesConcurrently(node: Node): boolean {
  const { subtype, def } = 'AlterTableCmd' in node ? node.AlterTableCmd : {}
  return (
    subtype === 'AT_DetachPartition' &&
    def !== undefined &&
    'PartitionCmd' in def &&
    def.PartitionCmd.concurrent === true
  )
}

/** Whether code contains a COMMIT or a ROLLBACK of its own. */
function endsTransactions(code: string): boolean {
  const words = wordsOf(code).map((word) => word.toUpperCase())
  return words.some((word, at) => {
    const next = words[at + 1] ?? ''
    return (word === 'COMMIT' || word === 'ROLLBACK') && (next === ';' || next === 'AND')
  })
}
