import { type Comment, type Marker, markerOf } from '../marker.ts'
import { sqliteParser } from './parser.ts'

/**
 * The comments of a SQLite file that are instructions to Slipway; text in literals is not a comment. Needs
 * `loadSqliteParser` first.
 */
export function sqliteMarkersIn(sql: string): Marker[] {
  if (!sql.toLowerCase().includes('slipway:')) return []
  return commentsIn(sql).flatMap((comment) => markerOf(comment, sql) ?? [])
}

/** The line and block comments of a file: the text between its tokens, without white space. */
function commentsIn(sql: string): Comment[] {
  const readable = sql.replace(/^\uFEFF/, ' ')
  const edges = [...sqliteParser().tokenize(readable)].flatMap(({ span }) => [
    span.offset,
    span.offset + span.length,
  ])
  const gaps = [0, ...edges, readable.length]
  const comments: Comment[] = []
  for (let at = 0; at < gaps.length; at += 2) {
    const start = gaps[at] ?? 0
    const text = readable.slice(start, gaps[at + 1])
    for (const match of text.matchAll(/--[^\n]*|\/\*[^]*?(?:\*\/|$)/g)) {
      const begin = start + match.index
      comments.push({ text: match[0], start: begin, end: begin + match[0].length })
    }
  }
  return comments
}
