import type { Statement } from '../statement.ts'
import { sqliteDetail, sqliteNode } from './detail-of.ts'
import { sqliteParser } from './parser.ts'

/**
 * Splits an INSERT of many rows into several with the same effect, each of at most `maxBytes` bytes.
 * Undefined if it is short enough, if its rows come from a query, or if a single row is too long. Needs
 * `loadSqliteParser` first.
 */
export function sqliteDividedInsert(
  statement: Pick<Statement, 'text'>,
  maxBytes: number,
): string[] | undefined {
  const { text } = statement
  if (Buffer.byteLength(text) <= maxBytes) return undefined
  const detail = sqliteDetail(statement)
  if (detail.kind !== 'insert' || detail.source.kind !== 'values' || readsTables(statement))
    return undefined
  const { rows } = detail.source
  const head = text.slice(0, rows[0]?.start)
  const tail = text.slice(rows.at(-1)?.end)
  const frame = Buffer.byteLength(head + tail)
  const parts: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const { start, end } of rows) {
    const row = text.slice(start, end)
    const length = Buffer.byteLength(row) + 2
    if (frame + length > maxBytes) return undefined
    if (bytes + length > maxBytes) {
      parts.push([])
      bytes = frame
    }
    parts.at(-1)?.push(row)
    bytes += length
  }
  return parts.map((part) => head + part.join(',\n') + tail)
}

/** Whether a query reads a value: once the INSERT is split, it may see rows of the earlier parts. */
function readsTables(statement: Pick<Statement, 'text'>): boolean {
  let queries = 0
  sqliteParser().traverse(sqliteNode(statement), {
    enter(node) {
      if (node.type === 'Select') queries++
    },
  })
  return queries > 1
}
