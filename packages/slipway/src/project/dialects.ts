import type { ByDialect, Dialect } from '../database/index.ts'
import type { FindDatabase } from './found-database.ts'
import type { DialectFiles, ReadDialectFiles } from './migrations-place.ts'
import { findPostgres } from './postgres/find-database.ts'
import { readPostgresFiles } from './postgres/project-files.ts'
import type { Project } from './project.ts'
import type { D1Binding } from './wrangler-config.ts'

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

/**
 * The D1 database of an environment, from wrangler's configuration; undefined if the project is not on
 * D1.
 */
export async function d1BindingOf(
  project: Project,
  environment: string | undefined,
): Promise<D1Binding | undefined> {
  if (project.wrangler === undefined) return undefined
  const { chooseD1 } = await import('./sqlite/choose-d1.ts')
  const choice = chooseD1(project, environment)
  return choice.kind === 'found' ? choice.database : undefined
}

/** Reads the files that only projects of a dialect have. */
export async function readDialectFiles(
  dialect: Dialect,
  ...request: Parameters<ReadDialectFiles>
): Promise<DialectFiles> {
  return await (await DIALECTS[dialect]()).readFiles(...request)
}
