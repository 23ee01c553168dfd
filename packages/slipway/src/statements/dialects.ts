import type { ByDialect, Dialect } from '../database/index.ts'
import type { Marker } from './marker.ts'
import { markersIn } from './postgres/markers.ts'
import { parsePieces, parseStatements } from './postgres/parse-statements.ts'
import { loadParser } from './postgres/parser.ts'
import { masked } from './postgres/tokens.ts'
import type { Statement } from './statement.ts'

/** Reads the SQL of one dialect. */
export interface StatementParser {
  /**
   * The statements of a file, with their positions, roles and actions. An empty file has none. Fails with
   * STATEMENTS.SYNTAX, which holds the place and a caret.
   */
  parse(sql: string, file?: string): Statement[]
  /** As `parse`, a few statements at a time if possible: a large file takes seconds. */
  pieces(sql: string, file?: string): Iterable<readonly Statement[]>
  /** The comments of a file that are for Slipway. */
  markersIn(sql: string): Marker[]
  /** A text without comments, its literals masked and its tokens at most a space apart. */
  masked(text: string): string
}

/** A parser is loaded only by commands that look into SQL. */
const LOADERS: ByDialect<() => Promise<StatementParser>> = {
  async postgres() {
    await loadParser()
    return { parse: parseStatements, pieces: parsePieces, markersIn, masked }
  },
  async sqlite() {
    const [{ loadSqliteParser }, { parseSqliteStatements }, { sqliteMarkersIn }, { maskedSqlite }] =
      await Promise.all([
        import('./sqlite/parser.ts'),
        import('./sqlite/parse-statements.ts'),
        import('./sqlite/markers.ts'),
        import('./sqlite/masked.ts'),
      ])
    await loadSqliteParser()
    return {
      parse: parseSqliteStatements,
      pieces: (sql, file) => [parseSqliteStatements(sql, file)],
      markersIn: sqliteMarkersIn,
      masked: maskedSqlite,
    }
  },
}

/** The parser of a dialect, loaded. */
export async function parserFor(dialect: Dialect): Promise<StatementParser> {
  return await LOADERS[dialect]()
}
