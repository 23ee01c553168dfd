import { type Session, withSession } from '../../database/index.ts'
import { atomicScriptOf } from '../../execution/index.ts'
import { type History, historyHash, type SqliteLedger } from '../../history/index.ts'
import { attempt } from '../../kernel/index.ts'
import {
  type AppliedHistory,
  appliedMigrations,
  appliedRows,
  type Drift,
} from '../../plan/index.ts'
import { differingObjects, type Fingerprint, readFingerprint } from '../../schema/index.ts'
import { type MigrationFile, parseMigrations } from '../../statements/index.ts'

/** The ledger's record of the schema after a command, with the migrations that are then applied. */
export function recordedSchema(
  applied: Parameters<typeof historyHash>[0],
  { method, hash, objects }: Fingerprint,
): NonNullable<SqliteLedger['schema']> {
  return { history: historyHash(applied), method, fingerprint: hash, objects }
}

/**
 * Whether a SQLite database has the schema of its history: the one that the ledger recorded for exactly this
 * history, or else the result of replaying the applied migrations in memory.
 */
export async function detectSqliteDrift(
  session: Session,
  applied: AppliedHistory,
  { schema }: SqliteLedger,
): Promise<Drift> {
  const rows = appliedRows(applied.history)
  if (rows.length === 0) return { kind: 'none', basis: 'nothing-applied' }
  const now = await readFingerprint(session)
  const isCurrent = schema?.history === historyHash(rows) && schema.method === now.method
  if (isCurrent && schema.fingerprint === now.hash) return { kind: 'none', basis: 'ledger' }
  const replayed = await attempt(() => replayedFingerprint(appliedMigrations(applied)))
  if (!replayed.ok) return { kind: 'unknown', reason: replayed.failure.message }
  const changes = differingObjects(replayed.value, now)
  return changes.length === 0
    ? { kind: 'none', basis: 'shadow' }
    : { kind: 'drifted', basis: 'shadow', changes }
}

/** The schema after migrations on an empty database. */
export async function replayedFingerprint(
  migrations: readonly MigrationFile[],
): Promise<Fingerprint> {
  const parsed = await parseMigrations(migrations, 'sqlite')
  return await withSession({ kind: 'sqlite' }, {}, async (copy) => {
    for (const migration of parsed) {
      const { script, foreignKeys } = atomicScriptOf(migration)
      await copy.runAtomically?.(script, { foreignKeys })
    }
    return await readFingerprint(copy)
  })
}

/** The applied migrations, and these. */
export function appliedWith(
  history: History,
  migrations: readonly { readonly name: string; readonly checksum: string }[],
): { readonly name: string; readonly checksum: string }[] {
  return [...appliedRows(history), ...migrations.map(({ name, checksum }) => ({ name, checksum }))]
}

/** The applied migrations without these. */
export function appliedWithout(
  history: History,
  names: readonly string[],
): { readonly name: string; readonly checksum: string }[] {
  return appliedRows(history).filter(({ name }) => !names.includes(name))
}
