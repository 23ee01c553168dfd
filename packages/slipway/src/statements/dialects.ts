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
   * STATEMENTS.SYNTAX, with the position and a caret.
   */
  parse(sql: string, file?: string): Statement[]
  /** Like `parse`, but a few statements at a time if possible: a large file takes seconds. */
  pieces(sql: string, file?: string): Iterable<readonly Statement[]>
  /** The comments of a file that are instructions to Slipway. */
  markersIn(sql: string): Marker[]
  /** A text without comments, with literals masked and white space reduced to single spaces. */
  masked(text: string): string
}

/** Only commands that read SQL load a parser. */
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
        import('./sqlite/mask.ts'),
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

/** Loads the parser of a dialect. */
export async function parserFor(dialect: Dialect): Promise<StatementParser> {
  return await LOADERS[dialect]()
}
