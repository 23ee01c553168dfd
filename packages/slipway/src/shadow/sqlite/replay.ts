import type { Session } from '../../database/index.ts'
import { atomic } from '../../database/index.ts'
import { atomicScriptOf, runSqliteOnShadow, type SqliteRefusal } from '../../execution/index.ts'
import { attempt, command, type NextAction, rethrow } from '../../kernel/index.ts'
import {
  type Migration,
  type MigrationFile,
  parseMigration,
  parserFor,
  placeAt,
} from '../../statements/index.ts'
import { raise } from '../failures.ts'

/** Runs migrations on a shadow database, one after the other, as a deploy would. Fails with SHADOW.REPLAY_FAILED. */
export async function replaySqlite(
  session: Session,
  files: readonly MigrationFile[],
): Promise<void> {
  const parser = await parserFor('sqlite')
  for (const file of files) {
    const migration = parseMigration(file, parser)
    if (await runsWhole(session, migration)) continue
    const refusal = await runSqliteOnShadow(session, { migration })
    if (refusal) raiseSqliteRefusal(migration, refusal)
  }
}

/** Runs a migration in one message, which is fast. False if it failed, or may change rows and must run step by step. */
async function runsWhole(session: Session, migration: Migration): Promise<boolean> {
  const { script, foreignKeys, statements } = atomicScriptOf(migration)
  const isPlain = statements.every(({ actions }) => actions.every(({ kind }) => PLAIN.has(kind)))
  if (!isPlain) return false
  return (await attempt(() => atomic(session).runAtomically(script, { foreignKeys }))).ok
}

const PLAIN: ReadonlySet<string> = new Set([
  'create-table',
  'create-index',
  'create-view',
  'create-trigger',
  'add-column',
  'drop-index',
  'rename',
  'pragma',
])

/** Raises what stopped a migration on a shadow database, with its place in the file. */
export function raiseSqliteRefusal(
  migration: Pick<Migration, 'name' | 'sql' | 'path'>,
  { failure, error, index }: SqliteRefusal,
): never {
  const { sqlite } = failure
  if (sqlite === undefined) return rethrow(failure, error)
  return raise('SHADOW.REPLAY_FAILED', {
    message: `${migration.name} fails on a shadow database that has only the migrations before it.`,
    why: `${sqlite.message}.`,
    nextActions: [
      ...outsideAdvice(sqlite.name, migration.path),
      command(['status'], 'see which migrations the target has'),
    ],
    sqlite,
    ...(index === undefined ? {} : { where: placeAt(migration.sql, index, migration.path) }),
    cause: error,
  })
}

function outsideAdvice(name: string, path: string): NextAction[] {
  if (name !== 'SQLITE_AUTH') return []
  return [
    {
      kind: 'edit',
      path,
      label: 'remove the statement: a migration works only on its own database',
    },
  ]
}
