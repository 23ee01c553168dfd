import type { Facts, JudgedMigration } from '../src/hazards/index.ts'
import { parserFor } from '../src/statements/index.ts'

export const parser = await parserFor('sqlite')

/** A database of which nothing else is known. */
export const BASE: Facts = { serverVersion: 3_053_000, defaultSchema: 'main', dialect: 'sqlite' }

/** A migration of SQLite as hazards are judged by it. */
export function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}.sql`, sql, statements: parser.parse(sql) }
}
