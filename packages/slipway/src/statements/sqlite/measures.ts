import type { AstNode, Expr } from 'sqlite3-parser'
import type { Statement } from '../statement.ts'
import { sqliteNode } from './detail-of.ts'
import type { SqliteMeasures } from './detail.ts'
import { sqliteParser } from './parser.ts'

/** Measures the properties of a statement that Cloudflare D1 limits. Needs `loadSqliteParser` first. */
export function sqliteMeasures(statement: Pick<Statement, 'text'>): SqliteMeasures {
  let compounds = 1
  let pattern = 0
  sqliteParser().traverse(sqliteNode(statement), {
    enter(node) {
      if (node.type === 'Select') compounds = Math.max(compounds, 1 + (node.compounds?.length ?? 0))
      if (node.type === 'LikeExpr' && (node.op === 'Like' || node.op === 'Glob')) {
        pattern = Math.max(pattern, node.rhs.type === 'StringLiteral' ? bytesOf(node.rhs.value) : 0)
      }
    },
  })
  return {
    bytes: bytesOf(statement.text),
    compounds,
    depth: deepest(sqliteNode(statement)),
    pattern,
  }
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}

/** The expressions that SQLite counts as a level of depth; a list is as deep as its deepest part. */
const LEVELS: ReadonlySet<AstNode['type']> = new Set<Expr['type']>([
  'BetweenExpr',
  'BinaryExpr',
  'CaseExpr',
  'CastExpr',
  'CollateExpr',
  'FunctionCallExpr',
  'InListExpr',
  'IsNullExpr',
  'LikeExpr',
  'NotNullExpr',
  'UnaryExpr',
])

/** Does not use recursion, because a long chain of operators is as deep as it is long. */
function deepest(root: AstNode): number {
  let level = 1
  let most = 1
  sqliteParser().traverse(root, {
    enter(node) {
      if (LEVELS.has(node.type)) level++
      most = Math.max(most, level)
    },
    leave(node) {
      if (LEVELS.has(node.type)) level--
    },
  })
  return most
}
