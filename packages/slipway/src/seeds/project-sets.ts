import path from 'node:path'
import { type Project, schemaNames } from '../project/index.ts'
import { readSeedSets, type SetLoading } from './find.ts'
import type { SeedSet } from './set.ts'
import type { NamesIn } from './target-tables.ts'

/**
 * The seed sets of a project, in `seeds` or `seed` next to its migrations folder. Fails as `readSeedSets`
 * does.
 */
export async function projectSeedSets(
  project: Project,
  loading?: SetLoading,
): Promise<readonly SeedSet[]> {
  const folders = seedFolders(project)
  const environment = project.variables.all()
  return await readSeedSets({ root: project.root, folders, environment, loading })
}

/** The names that a project's Prisma schema gives to tables, for any default schema of the database. */
export function projectNames({ schema }: Pick<Project, 'schema'>): NamesIn {
  return (defaultSchema) => schemaNames(schema.files, defaultSchema)
}

/** The folders of seed sets, in order of preference. */
export function seedFolders({
  migrationsDir,
}: Pick<Project, 'migrationsDir'>): readonly [string, string] {
  const beside = path.dirname(migrationsDir)
  return [path.join(beside, 'seeds'), path.join(beside, 'seed')]
}
