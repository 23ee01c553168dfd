import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestMigration } from './project.ts'

const CORPUS = fileURLToPath(new URL('../../../../shared/corpus/', import.meta.url))

/** Whether the corpus of real Prisma projects is next to this checkout. */
export const hasCorpus: boolean = existsSync(CORPUS)

/** A migration of the corpus, with the path of its file. */
export interface CorpusMigration extends TestMigration {
  readonly path: string
}

/** The migrations of a corpus project, in Prisma's order. */
export function corpusMigrations(project: string): CorpusMigration[] {
  const folder = join(CORPUS, project, 'migrations')
  return readdirSync(folder)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => ({ name, path: join(folder, name, 'migration.sql') }))
    .filter(({ path }) => existsSync(path))
    .map((migration) => ({ ...migration, sql: readFileSync(migration.path, 'utf8') }))
}
