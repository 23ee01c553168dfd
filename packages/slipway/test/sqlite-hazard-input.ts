import type { Facts, JudgedMigration } from '../src/hazards/index.ts'
import { parserFor } from '../src/statements/index.ts'

export const parser = await parserFor('sqlite')

/** The facts of a database about which nothing else is known. */
export const BASE: Facts = { serverVersion: 3_053_000, defaultSchema: 'main', dialect: 'sqlite' }

/** An SQLite migration in the form that hazard rules judge. */
export function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}.sql`, sql, statements: parser.parse(sql) }
}
