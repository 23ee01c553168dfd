import type { Stmt } from 'sqlite3-parser'
import { raise } from '../failures.ts'
import { lineStarts, placeAt, statementAt } from '../position.ts'
import type { SettingsEffect, Statement, StatementRole } from '../statement.ts'
import { sqliteActions } from './actions.ts'
import { sqliteParser } from './parser.ts'

/**
 * The statements of a file, by SQLite's own grammar (3.53). An empty file has none. Needs `loadSqliteParser`
 * first. Fails with STATEMENTS.SYNTAX, with the position and a caret.
 */
export function parseSqliteStatements(sql: string, file?: string): Statement[] {
  const readable = sql.replace(/^\uFEFF/, ' ')
  const starts = lineStarts(sql)
  const tokens = tokenStarts(readable)
  let word = 0
  return parseNodes(readable, file).map((node, position) => {
    // The parser puts the start of a statement that may begin with WITH before its first word.
    while ((tokens[word] ?? sql.length) < node.span.offset) word++
    const start = tokens[word] ?? node.span.offset
    const end = node.span.offset + node.span.length
    const actions = sqliteActions(node, readable)
    return {
      number: position + 1,
      ...statementAt(sql, starts, [start, end]),
      role: roleOf(node),
      settings: settingsEffectOf(node),
      actions,
    }
  })
}

function parseNodes(sql: string, file?: string): readonly Stmt[] {
  const parsed = sqliteParser().parse(sql)
  if (parsed.status === 'ok') return parsed.root.cmds
  const [first] = parsed.errors
  return raise('STATEMENTS.SYNTAX', {
    message: `The SQL does not parse: ${first?.message ?? 'syntax error'}.`,
    why: 'Slipway reads all statements of a file before it runs any, so nothing was run.',
    nextActions: file === undefined ? [] : [{ kind: 'edit', path: file, label: 'correct the SQL' }],
    where: placeAt(sql, first?.span.offset ?? sql.length, file),
  })
}

/** Where the tokens of a file begin, except semicolons. */
function tokenStarts(sql: string): number[] {
  const { tokenize } = sqliteParser()
  return [...tokenize(sql)].filter(({ text }) => text !== ';').map(({ span }) => span.offset)
}

const ORDINARY: StatementRole = { kind: 'ordinary' }

/** Settings that a transaction ignores or rejects. Source: sqlite.org/pragma.html. */
const OUTSIDE_TRANSACTIONS = new Set(['foreign_keys', 'journal_mode', 'synchronous', 'auto_vacuum'])

function roleOf(node: Stmt): StatementRole {
  switch (node.type) {
    case 'BeginStmt':
      return { kind: 'begin' }
    case 'CommitStmt':
      return { kind: 'commit' }
    case 'RollbackStmt':
      return node.savepointName === undefined ? { kind: 'rollback' } : ORDINARY
    case 'VacuumStmt':
    case 'AttachStmt':
    case 'DetachStmt':
      return { kind: 'alone' }
    case 'PragmaStmt':
      return OUTSIDE_TRANSACTIONS.has(node.name.objName.text.toLowerCase())
        ? { kind: 'alone' }
        : ORDINARY
    default:
      return ORDINARY
  }
}

/** Functions of SQLite cannot change settings. */
function settingsEffectOf(node: Stmt): SettingsEffect {
  return node.type === 'PragmaStmt' ? 'changes' : 'none'
}
