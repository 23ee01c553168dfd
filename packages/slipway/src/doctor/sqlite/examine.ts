import type { Project, Target } from '../../project/index.ts'
import type { Check } from '../check.ts'
import { checkLocalDisk } from '../machine.ts'
import { examineDatabase } from './database.ts'
import { checkMigrations } from './migrations.ts'
import { checkWorker } from './worker.ts'

/** The Worker with its D1 database, or the SQLite file; the migrations folder; the database itself. */
export async function examineSqlite(project: Project, target: Target): Promise<readonly Check[]> {
  const database = await examineDatabase(project, target)
  return [
    ...(await checkWorker(project, target)),
    ...checkMigrations(project, target),
    ...database.checks,
    await checkLocalDisk(project.root, database.bytes),
  ]
}
