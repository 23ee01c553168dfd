import type { Node, ParseResult } from 'libpg-query'
import { raise } from '../failures.ts'
import { byteIndexer, indexOfCharacter, lineStarts, placeAt, statementAt } from '../position.ts'
import type { IndexName, Statement, StatementRole } from '../statement.ts'
import { actionsOf } from './actions.ts'
import { codeOf } from './definition.ts'
import { parser } from './parser.ts'
import { settingsEffectOf } from './settings-effect.ts'
import { wordsOf } from './tokens.ts'

/**
 * The statements of a file, by PostgreSQL's own grammar (version 18). An empty file has none.
 * Fails with STATEMENTS.SYNTAX, which holds the place and a caret.
 */
export function parseStatements(sql: string, file?: string): Statement[] {
  // A byte order mark is no SQL, but editors on Windows write it; psql passes over it, too.
  const readable = sql.replace(/^\uFEFF/, ' ')
  const { stmts = [] } = parseTree(readable, file)
  const indexOf = byteIndexer(readable)
  const total = Buffer.byteLength(readable)
  const starts = lineStarts(sql)
  return stmts.map(({ stmt, stmt_location: at = 0, stmt_len: length }, position) => {
    const span = [indexOf(at), indexOf(length ? at + length : total)] as const
    const place = statementAt(sql, starts, span)
    const { text } = place
    const tree = stmt ?? ({} as Node)
    const actions = actionsOf(tree, { text, startByte: at })
    return {
      number: position + 1,
      ...place,
      role: roleOf(tree),
      settings: settingsEffectOf(tree, text),
      actions,
    }
  })
}

/** The parse tree of a file. A file of nothing but white space and comments has no statements. */
function parseTree(sql: string, file?: string): ParseResult {
  if (sql.trim() === '') return { version: 0, stmts: [] }
  try {
    return parser().parseSync(sql)
  } catch (error) {
    if (!parser().hasSqlDetails(error)) throw error
    const { message, cursorPosition = 0 } = error.sqlDetails ?? {}
    return raise('STATEMENTS.SYNTAX', {
      message: `The SQL does not parse: ${message ?? error.message}.`,
      why: 'PostgreSQL would refuse the whole file, so nothing was run.',
      nextActions:
        file === undefined ? [] : [{ kind: 'edit', path: file, label: 'correct the SQL' }],
      where: placeAt(sql, indexOfCharacter(sql, cursorPosition + 1), file),
      cause: error,
    })
  }
}

const ORDINARY: StatementRole = { kind: 'ordinary' }
const ALONE: StatementRole = { kind: 'alone' }

/** Source of what may not run in a transaction: `PreventInTransactionBlock` in PostgreSQL's tcop/utility.c. */
function roleOf(node: Node): StatementRole {
  if ('TransactionStmt' in node) return transactionRole(node.TransactionStmt.kind)
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

function transactionRole(kind: string | undefined): StatementRole {
  switch (kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      return { kind: 'begin' }
    case 'TRANS_STMT_COMMIT':
      return { kind: 'commit' }
    case 'TRANS_STMT_ROLLBACK':
      return { kind: 'rollback' }
    default:
      return ORDINARY
  }
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
  if ('AlterTableStmt' in node) return (node.AlterTableStmt.cmds ?? []).some(isDetachedConcurrently)
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

function isDetachedConcurrently(node: Node): boolean {
  const { subtype, def } = 'AlterTableCmd' in node ? node.AlterTableCmd : {}
  return (
    subtype === 'AT_DetachPartition' &&
    def !== undefined &&
    'PartitionCmd' in def &&
    def.PartitionCmd.concurrent === true
  )
}

/** Whether code holds a COMMIT or a ROLLBACK of its own. */
function endsTransactions(code: string): boolean {
  const words = wordsOf(code).map((word) => word.toUpperCase())
  return words.some((word, at) => {
    const next = words[at + 1] ?? ''
    return (word === 'COMMIT' || word === 'ROLLBACK') && (next === ';' || next === 'AND')
  })
}
