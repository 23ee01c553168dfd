import type { StatementParser } from '../../statements/index.ts'
import type { JudgedMigration } from '../hazard.ts'

/**
 * The schema of a SQLite or D1 database as a history of one migration: what `readDefinitions` of `schema` read there. Judged by
 * it, statements meet the objects that the target has, whatever its history says.
 */
export function definitionsAsHistory(
  definitions: readonly string[],
  parser: StatementParser,
): JudgedMigration {
  const sql = definitions.map((text) => `${text}\n;\n`).join('')
  return { name: '', path: '', sql, statements: parser.parse(sql) }
}
