import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { CatalogReader } from '../schema/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import {
  type DownMigration,
  downMigrationOn as postgresDownMigrationOn,
  writeDownMigration as writePostgresDownMigration,
  type WriteDownMigrationOptions,
} from './down-migration.ts'

/** The functions below, for one dialect. */
interface DownWriter {
  writeDownMigration(options: WriteDownMigrationOptions): Promise<DownMigration>
  downMigrationOn(
    session: Session,
    migration: MigrationFile,
    catalogs?: CatalogReader,
  ): Promise<DownMigration>
}

const WRITERS: ByDialect<() => Promise<DownWriter>> = {
  postgres: async () => ({
    writeDownMigration: writePostgresDownMigration,
    downMigrationOn: postgresDownMigrationOn,
  }),
  async sqlite() {
    const { sqliteDownMigrationOn, writeSqliteDownMigration } =
      await import('./sqlite/down-migration.ts')
    return {
      writeDownMigration: writeSqliteDownMigration,
      downMigrationOn: sqliteDownMigrationOn,
    }
  },
}

/**
 * Writes the down migration of a migration from the schemas before and after it, and proves it on the
 * shadow database. Renames are rolled back as renames. Fails with SHADOW.REPLAY_FAILED if the history
 * or the migration does not run on a shadow database.
 */
export async function writeDownMigration(
  options: WriteDownMigrationOptions,
): Promise<DownMigration> {
  const writer = await WRITERS[options.shadow.dialect]()
  return await writer.writeDownMigration(options)
}

/**
 * Like `writeDownMigration`, on an open shadow database in the state before the migration. A proven down
 * migration leaves it in that state.
 */
export async function downMigrationOn(
  session: Session,
  migration: MigrationFile,
  catalogs?: CatalogReader,
): Promise<DownMigration> {
  const writer = await WRITERS[dialectOf(session)]()
  return await writer.downMigrationOn(session, migration, catalogs)
}
