import { must } from '../../kernel/index.ts'

type Parser = typeof import('sqlite3-parser')

let loaded: Parser | undefined

/** Loads the SQL parser, once: only commands that read SQL for SQLite pay for it. */
export async function loadSqliteParser(): Promise<void> {
  if (loaded) return
  const parser = await import('sqlite3-parser')
  // SQLite accepts 1_000 from 3.46 on.
  loaded = { ...parser, ...parser.withOptions({ digitSeparator: '_' }) }
}

/** The parser, which `loadSqliteParser` must have loaded. */
export function sqliteParser(): Parser {
  return must(loaded, 'SQL parser of SQLite: loadSqliteParser was not awaited')
}
