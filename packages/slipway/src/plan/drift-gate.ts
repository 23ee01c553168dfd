import { inSnapshot, type Session } from '../database/index.ts'
import {
  compareHistory,
  type History,
  historyHash,
  type ObjectTokens,
  readChangeToken,
  readObjectTokens,
  readSchemaState,
  type SchemaState,
} from '../history/index.ts'
import { attempt, rethrow } from '../kernel/index.ts'
import type { Change, Fingerprint, Scope } from '../schema/index.ts'
import type { ShadowOptions } from '../shadow/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** Whether a target's schema is what its history should have produced. */
export type Drift =
  | {
      readonly kind: 'none'
      /** What the schema was compared with. `token`: nothing has changed since the schema was recorded. */
      readonly basis: 'token' | 'ledger' | 'shadow' | 'nothing-applied'
      /** The current change token, if the schema equals the recorded one but the recorded token differs. */
      readonly changeToken?: string
      /** The current schema, if migrations are pending and the ledger has it. */
      readonly known?: KnownSchema
    }
  | {
      readonly kind: 'drifted'
      readonly basis: 'ledger' | 'shadow'
      readonly changes: readonly Change[]
    }
  | { readonly kind: 'unknown'; readonly reason: string }

/** The schema of a target, with tokens that later show which objects have changed since. */
export interface KnownSchema {
  readonly fingerprint: Fingerprint
  readonly tokens: ObjectTokens
}

/** A history and the migration files of the project. */
export interface AppliedHistory {
  readonly history: History
  /** All migrations of the project. */
  readonly migrations: readonly MigrationFile[]
}

/** Loaded on demand, so that a deploy with nothing to do does not pay for it. */
const loadCatalog = () => import('../schema/index.ts')

/** The scope of a project in a session's database. `schemas` are those of its datasource. */
export async function projectScope(
  session: Session,
  migrations: readonly MigrationFile[],
  schemas: readonly string[] = [],
): Promise<Scope> {
  const { scopeOf } = await loadCatalog()
  const scope = await scopeOf(session.server.schema, { migrations, schemas })
  return { ...scope, runtimePartitions: await readRuntimePartitions(session) }
}

/** The partitions, at any level, of the tables whose partitions are not compared. */
async function readRuntimePartitions(session: Session): Promise<Scope['runtimePartitions']> {
  const tables = session.runtimePartitions ?? []
  if (tables.length === 0) return []
  return await session.query<{ schema: string; name: string }>(
    `WITH RECURSIVE part AS (
      SELECT i.inhrelid AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhparent = c.oid
      WHERE c.relkind = 'p' AND (n.nspname || '.' || c.relname = ANY ($1) OR n.nspname = $2 AND c.relname = ANY ($1))
      UNION SELECT i.inhrelid FROM part JOIN pg_inherits i ON i.inhparent = part.oid)
    SELECT n.nspname AS schema, c.relname AS name FROM part JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace`,
    [tables, session.server.schema],
  )
}

/**
 * The history rows of the applied migrations, in the order in which they were applied. Of several rows for
 * a migration, only the first counts. An unknown checksum is an empty string.
 */
export function appliedRows(history: History): { name: string; checksum: string }[] {
  const rows = history.rows.filter((row) => row.finishedAt !== null && row.rolledBackAt === null)
  const first = new Map(rows.toReversed().map((row) => [row.migration, row]))
  return rows
    .filter((row) => first.get(row.migration) === row)
    .map(({ migration, checksum }) => ({ name: migration, checksum: checksum ?? '' }))
}

/**
 * The files of the applied migrations, in the order in which they were applied. A squash takes the place of the
 * first migration that it replaces.
 */
export function appliedMigrations({ history, migrations }: AppliedHistory): MigrationFile[] {
  const files = new Map(migrations.map((migration) => [migration.name, migration]))
  const { squashed } = compareHistory(history, migrations)
  const replacedBySquash = new Map(
    squashed
      .filter(({ kind }) => kind === 'whole' || kind === 'left-over')
      .flatMap(({ migration, replaces }) => replaces.map((name) => [name, migration])),
  )
  const names = appliedRows(history).map(({ name }) => replacedBySquash.get(name) ?? name)
  return [...new Set(names)].flatMap((name) => files.get(name) ?? [])
}

/**
 * Compares a target with the schema that its history should have produced. First compares it with the
 * schema that the ledger holds for exactly this history. If that differs or is missing, the history is
 * replayed on a shadow database, and only this comparison counts, because the ledger also includes changes
 * that others made during a deploy. `change` is the result of `detectChange`, if known.
 */
export async function detectDrift(
  session: Session,
  applied: AppliedHistory,
  shadow: ShadowOptions,
  change?: Drift,
): Promise<Drift> {
  const since = change ?? (await detectChange(session, applied))
  if (since && since.kind !== 'drifted') return since
  const { differenceBetween } = await loadCatalog()
  const { withShadowDatabase } = await import('../shadow/index.ts')
  const { migrations } = applied
  const compared = async (one: Session) => ({
    session: one,
    scope: await projectScope(one, migrations),
  })
  const found = await attempt(() =>
    withShadowDatabase(shadow, appliedMigrations(applied), async (copy) =>
      attempt(async () => differenceBetween(await compared(copy), await compared(session))),
    ),
  )
  if (!found.ok) return since ?? { kind: 'unknown', reason: found.failure.message }
  const changes = found.value.ok ? found.value.value : rethrow(found.value.failure)
  return changes.length === 0
    ? { kind: 'none', basis: 'shadow' }
    : { kind: 'drifted', basis: 'shadow', changes }
}

/**
 * Compares a target with the schema that the ledger holds for exactly this history; undefined if it holds
 * none. The catalog is read only if the change token differs, or if pending migrations reach other schemas.
 */
export async function detectChange(
  session: Session,
  { history, migrations }: AppliedHistory,
): Promise<Drift | undefined> {
  const rows = appliedRows(history)
  if (rows.length === 0) return { kind: 'none', basis: 'nothing-applied' }
  const state = await readSchemaState(session)
  if (state?.historyHash !== historyHash(rows)) return undefined
  const applied = new Set(rows.map(({ name }) => name))
  const pending = migrations.filter(({ name }) => !applied.has(name))
  // Read before the catalog, so that a concurrent change gives a different token.
  const tokens = pending.length > 0 ? await readTokens(session) : undefined
  const changeToken = tokens?.changeToken ?? (await readChangeToken(session))
  const known = tokens && { known: { fingerprint: fingerprintOf(state), tokens } }
  const unchanged = state.changeToken === changeToken
  const reachesOthers = await reachOtherSchemas(session, pending)
  if (unchanged && !reachesOthers) return { kind: 'none', basis: 'token', ...known }
  const { differingObjects, FINGERPRINT_METHOD, readFingerprint } = await loadCatalog()
  if (state.method !== FINGERPRINT_METHOD) return undefined
  const now = await readFingerprint(session, await projectScope(session, migrations))
  if (now.hash === state.fingerprint)
    return { kind: 'none', basis: 'ledger', changeToken, ...(reachesOthers ? {} : known) }
  const changes = differingObjects(fingerprintOf(state), now)
  return { kind: 'drifted', basis: 'ledger', changes }
}

/**
 * The schema of a target, if it is unchanged since the ledger recorded it for exactly this history;
 * otherwise undefined.
 */
export async function readKnownSchema(
  session: Session,
  history: History,
): Promise<KnownSchema | undefined> {
  const state = await readSchemaState(session)
  if (state?.historyHash !== historyHash(appliedRows(history))) return undefined
  const tokens = await readTokens(session)
  return state.changeToken === tokens.changeToken
    ? { fingerprint: fingerprintOf(state), tokens }
    : undefined
}

async function readTokens(session: Session): Promise<ObjectTokens> {
  return await inSnapshot(session, () => readObjectTokens(session))
}

function fingerprintOf({ method, fingerprint: hash, objects }: SchemaState): Fingerprint {
  return { method, hash, objects }
}

/**
 * Whether migrations extend the project's scope beyond the default schema. Existing objects there were not
 * part of the recorded schema, and must be compared.
 */
async function reachOtherSchemas(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<boolean> {
  if (migrations.length === 0) return false
  const { ownershipIn } = await loadCatalog()
  const { created, placed, parts } = await ownershipIn(migrations)
  const schemas = [...created, ...[...placed, ...parts].map(({ schema }) => schema)]
  return schemas.some((schema) => schema !== session.server.schema)
}
