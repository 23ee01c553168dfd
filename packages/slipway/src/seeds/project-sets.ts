import path from 'node:path'
import { type Project, schemaNames } from '../project/index.ts'
import { readSeedSets } from './find.ts'
import type { SeedSet } from './set.ts'
import type { NamesIn } from './target-tables.ts'

/** The seed sets of a project, in `seeds` or `seed` beside its schema. Fails with SEEDS.SET_INVALID. */
export async function projectSeedSets(project: Project): Promise<readonly SeedSet[]> {
  const folders = seedFolders(project)
  return await readSeedSets({ root: project.root, folders, environment: project.variables.all() })
}

/** What the Prisma schema of a project calls the tables of a database, whatever the default schema there. */
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
