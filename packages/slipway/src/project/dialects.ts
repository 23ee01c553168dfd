import type { ByDialect, Dialect } from '../database/index.ts'
import type { FindDatabase } from './found-database.ts'
import type { DialectFiles, ReadDialectFiles } from './migrations-place.ts'
import { findPostgres } from './postgres/find-database.ts'
import { readPostgresFiles } from './postgres/project-files.ts'

/** How a project of one dialect finds its files and its database. */
interface ProjectDialect {
  readonly findDatabase: FindDatabase
  readonly readFiles: ReadDialectFiles
}

const DIALECTS: ByDialect<() => Promise<ProjectDialect>> = {
  postgres: async () => ({ findDatabase: findPostgres, readFiles: readPostgresFiles }),
  async sqlite() {
    const [{ findSqlite }, { readSqliteFiles }] = await Promise.all([
      import('./sqlite/find-database.ts'),
      import('./sqlite/project-files.ts'),
    ])
    return { findDatabase: findSqlite, readFiles: readSqliteFiles }
  },
}

/** Finds the database that a command is meant for, in a project of a dialect. */
export async function findDatabaseOf(dialect: Dialect): Promise<FindDatabase> {
  return (await DIALECTS[dialect]()).findDatabase
}

/** Reads the files that a project of its dialect has beside those of every project. */
export async function readDialectFiles(
  dialect: Dialect,
  ...request: Parameters<ReadDialectFiles>
): Promise<DialectFiles> {
  return await (await DIALECTS[dialect]()).readFiles(...request)
}
