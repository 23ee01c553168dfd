import { type Migration, parseMigration, parseMigrations } from '../statements/index.ts'

/** A migration as it will be run. */
export type MigrationPlan = Migration

export { parseMigration as planMigration, parseMigrations as planMigrations }
