import path from 'node:path'
import { folderName, writeMigrationFolder } from '../create/index.ts'
import { adoptDrift } from '../drift/index.ts'
import { type Context, type Report, report } from './command.ts'
import { sql, status } from './view.ts'
import { type Work, workRequest } from './work.ts'

/** Makes a migration of what a target has beside its history; other databases get it by their next deploy. */
export async function adoptTarget(context: Context, work: Work, words: string): Promise<Report> {
  const { migrationsDir } = work.project
  const { database, migration } = await adoptDrift({
    ...(await workRequest(context, work)),
    name: folderName(words, new Date(context.now())),
    write: (name, text) => {
      writeMigrationFolder(migrationsDir, name, { 'migration.sql': text })
      return path.join(migrationsDir, name, 'migration.sql')
    },
  })
  const { name, path: file } = migration
  const result = { environment: work.target.environment, database, migration: { name, path: file } }
  return report(result, [
    status('done', `Wrote ${name} and marked it as applied on ${database}`, file),
    sql(migration.sql),
  ])
}
