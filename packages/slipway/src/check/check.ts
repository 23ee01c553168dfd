import { type Proof, proveOn } from '../create/index.ts'
import { attempt, type Emit, type Failure, suggest } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type ReplayMigration, type ScratchOptions, withScratch } from '../rehearsal/index.ts'
import { raise } from './failures.ts'
import { compareStored, type StoredProof } from './stored-proof.ts'

/** What is to be checked, and where. */
export interface CheckRequest {
  /** All migrations of the project, with their ways back. */
  readonly migrations: readonly MigrationFolder[]
  /** Those to check; the last one where none is named. */
  readonly names: readonly string[]
  readonly scratch: ScratchOptions
  /** Judge without running anything. */
  readonly withoutRehearsal: boolean
  readonly emit: Emit
}

/** What was found out about a migration. */
export interface CheckedMigration {
  readonly name: string
  readonly path: string
  /** Absent where it was not rehearsed: `refusal` says why, or nobody asked for it. */
  readonly proof?: Proof
  readonly refusal?: Failure
  /** How the `proof.json` beside it stands to the proof. */
  readonly stored: StoredProof
}

/**
 * Rehearses migrations one by one, each on a scratch that holds the history before it. Touches no target.
 * Fails with CHECK.UNKNOWN_MIGRATION; a migration that does not run has its refusal in its place.
 */
export async function checkMigrations(request: CheckRequest): Promise<CheckedMigration[]> {
  const { migrations, emit } = request
  const checked: CheckedMigration[] = []
  for (const migration of selected(request)) {
    emit({ kind: 'phase', phase: 'rehearse', detail: migration.name })
    const before = migrations.slice(0, migrations.indexOf(migration))
    checked.push(await checkOne(migration, before, request))
  }
  return checked
}

function selected({ migrations, names }: CheckRequest): readonly MigrationFolder[] {
  if (names.length === 0) return migrations.slice(-1)
  return names.map((name) => {
    const found = migrations.filter((one) => one.name === name || one.name.endsWith(`_${name}`))
    if (found.length === 1 && found[0]) return found[0]
    const meant = suggest(
      name,
      migrations.map((one) => one.name),
    )
    return raise('CHECK.UNKNOWN_MIGRATION', {
      message: `There is no migration ${name}.`,
      ...(meant === undefined ? {} : { why: `Did you mean ${meant}?` }),
    })
  })
}

async function checkOne(
  migration: MigrationFolder,
  before: readonly ReplayMigration[],
  request: CheckRequest,
): Promise<CheckedMigration> {
  const { name, path } = migration
  if (request.withoutRehearsal) return { name, path, stored: compareStored(migration) }
  const proven = await attempt(() => prove(migration, before, request))
  if (!proven.ok) return { name, path, refusal: proven.failure, stored: compareStored(migration) }
  return { name, path, proof: proven.value, stored: compareStored(migration, proven.value) }
}

async function prove(
  migration: MigrationFolder,
  before: readonly ReplayMigration[],
  { scratch, migrations }: CheckRequest,
): Promise<Proof> {
  const { name, downPath, down: sql } = migration
  const down =
    sql === undefined
      ? undefined
      : { name: `${name}/down.sql`, sql, ...(downPath ? { path: downPath } : {}) }
  const upcoming = down ? [migration, down] : [migration]
  return await withScratch(
    scratch,
    before,
    async (session) =>
      proveOn(session, { migration, down, scope: await projectScope(session, migrations) }),
    upcoming,
  )
}
