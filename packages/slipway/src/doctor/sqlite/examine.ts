import type { Project, Target } from '../../project/index.ts'
import type { Check } from '../check.ts'
import { checkLocalDisk } from '../machine.ts'
import { examineDatabase } from './database.ts'
import { checkMigrations } from './migrations.ts'
import { checkWorker } from './worker.ts'

/** Checks the Worker's configuration, the migrations folder, the D1 database or SQLite file, and the disk. */
export async function examineSqlite(project: Project, target: Target): Promise<readonly Check[]> {
  const database = await examineDatabase(project, target)
  return [
    ...(await checkWorker(project, target)),
    ...checkMigrations(project, target),
    ...database.checks,
    await checkLocalDisk(project.root, database.bytes),
  ]
}
