import path from 'node:path'
import type { Project } from '../project/index.ts'
import { readSeedSets } from './find.ts'
import type { SeedSet } from './set.ts'

/** The seed sets of a project, in `seeds` or `seed` beside its schema. Fails with SEEDS.SET_INVALID. */
export async function projectSeedSets(project: Project): Promise<readonly SeedSet[]> {
  const beside = path.dirname(project.migrationsDir)
  return await readSeedSets({
    root: project.root,
    folders: [path.join(beside, 'seeds'), path.join(beside, 'seed')],
    environment: project.variables.all(),
  })
}
