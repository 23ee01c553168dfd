import type { Session } from '../database/index.ts'
import type { History, HistoryRow } from '../history/index.ts'
import { attempt, must } from '../kernel/index.ts'
import { appliedMigrations, projectScope } from '../plan/index.ts'
import { difference, readCatalog } from '../schema/index.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import { loadParser, sameMeaning } from '../statements/index.ts'
import type { EditedProblem } from './diagnosis.ts'
import { offer } from './offers.ts'
import type { ExamineRequest } from './request.ts'
import { versionOf, readVersions } from './version-control.ts'

/**
 * Examines an edited migration in two ways: compares its text with the applied one, if version control still has
 * that, and the catalog of the target with the one that the current files produce.
 */
export async function examineEdited(
  session: Session,
  about: { readonly history: History; readonly row: HistoryRow; readonly request: ExamineRequest },
): Promise<EditedProblem> {
  const { row, request } = about
  const { migration: name } = row
  const file = must(
    request.migrations.find((migration) => migration.name === name),
    `migration ${name}`,
  )
  const { migrationsDir, layout = 'folders' } = request
  const versions =
    migrationsDir === undefined ? [] : await readVersions({ migrationsDir, layout }, name)
  const old = versionOf(versions, row.checksum)
  await loadParser()
  const text = old
    ? (await meanSame(old.text, file.sql))
      ? 'harmless'
      : 'differs'
    : 'old-text-unknown'
  const label =
    text === 'harmless'
      ? 'only comments or white space changed: record the file as it is'
      : 'record the file as it is now'
  return {
    kind: 'edited',
    migration: name,
    text,
    ...(old ? { commit: old.commit } : {}),
    catalog: await catalogVerdict(session, about),
    offers: [offer('accept-edit', label)],
  }
}

/** Whether two texts mean the same; false if the scanner refuses one of them. */
async function meanSame(one: string, other: string): Promise<boolean> {
  try {
    return sameMeaning(one, other)
  } catch {
    return false
  }
}

async function catalogVerdict(
  session: Session,
  { history, request }: { readonly history: History; readonly request: ExamineRequest },
): Promise<EditedProblem['catalog']> {
  const { migrations, shadow } = request
  const applied = appliedMigrations({ history, migrations })
  const expected = await attempt(() =>
    withShadowDatabase(shadow, applied, async (copy) =>
      readCatalog(copy, await projectScope(copy, migrations)),
    ),
  )
  if (!expected.ok) return { kind: 'unknown', reason: expected.failure.message }
  const actual = await readCatalog(session, await projectScope(session, migrations))
  const changes = difference(expected.value, actual)
  return changes.length === 0 ? { kind: 'equal' } : { kind: 'differs', changes }
}
