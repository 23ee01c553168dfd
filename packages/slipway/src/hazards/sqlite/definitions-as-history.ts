import type { StatementParser } from '../../statements/index.ts'
import type { JudgedMigration } from '../hazard.ts'

/**
 * Turns the definitions that `readDefinitions` of `schema` read from a SQLite or D1 database into a
 * history of one migration. Statements are then judged against the objects that the target really
 * has, whatever its history says.
 */
export function definitionsAsHistory(
  definitions: readonly string[],
  parser: StatementParser,
): JudgedMigration {
  const sql = definitions.map((text) => `${text}\n;\n`).join('')
  return { name: '', path: '', sql, statements: parser.parse(sql) }
}
