import path from 'node:path'
import type { HistoryRow } from '../history/index.ts'
import type { MissingProblem, Offer } from './diagnosis.ts'
import { offer } from './offers.ts'
import type { ExamineRequest } from './request.ts'
import { branchOf, versionOf, readVersions } from './version-control.ts'

/** Looks in version control for a migration that the database has and the project lacks. */
export async function examineMissing(
  row: HistoryRow,
  { migrationsDir, layout = 'folders' }: ExamineRequest,
): Promise<MissingProblem> {
  const { migration } = row
  const offers: Offer[] = [
    offer(
      'mark-rolled-back',
      'remove it from the history: the objects that it created remain, and are reported as drift',
      {
        args: ['repair', '--mark', 'rolled-back', migration],
      },
    ),
  ]
  if (migrationsDir === undefined) return { kind: 'missing', migration, offers }
  const versions = await readVersions({ migrationsDir, layout }, migration)
  const applied = versionOf(versions, row.checksum)
  const found = applied ?? versions[0]
  if (!found) return { kind: 'missing', migration, offers }
  const branch = await branchOf(migrationsDir, found.commit)
  const file = layout === 'flat' ? `${migration}.sql` : migration
  const restore = `git checkout ${found.commit.slice(0, 12)} -- ${path.join(shown(migrationsDir), file)}`
  return {
    kind: 'missing',
    migration,
    found: {
      commit: found.commit,
      ...(branch === undefined ? {} : { branch }),
      same: applied !== undefined,
      restore,
    },
    offers,
  }
}

/** A folder as a user in the project types it, never its absolute path. */
function shown(dir: string): string {
  const relative = path.relative(process.cwd(), dir)
  return relative.startsWith('..') ? dir.split(path.sep).slice(-2).join('/') : relative
}
