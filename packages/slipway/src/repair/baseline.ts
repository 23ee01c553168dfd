import { type Dialect, dialectOf, executeLocked, type Session } from '../database/index.ts'
import {
  createHistoryTables,
  verifyAndRecord,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import { markedRowSql, readHistory, receiptSql } from '../history/index.ts'
import { command } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import { type Change, differenceBetween, readFingerprint, type Scope } from '../schema/index.ts'
import { replay, shadowLike, withShadowDatabase } from '../shadow/index.ts'
import {
  changesRowsOnly,
  checksum,
  parserFor,
  objectText,
  type MigrationFile,
} from '../statements/index.ts'
import { raise } from './failures.ts'
import { outlineDistance, readOutline } from './outline.ts'

/** A request to record a history for a database that has tables and no history. */
export interface BaselineRequest extends WorkRequest {
  /** The last migration that the database has; found by comparison if absent. */
  readonly upTo?: string | undefined
  /** Record it even if the catalogs differ. */
  readonly accept: boolean
}

/** The migrations that were recorded as applied. */
export interface BaselineOutcome {
  readonly database: string
  readonly recorded: readonly string[]
  readonly pending: readonly string[]
  /** The last of them that change only rows: whether the database has these cannot be seen. */
  readonly undecided: readonly string[]
  /** The differences of the database from them; only if they were accepted. */
  readonly changes: readonly Change[]
}

/** The part of the history that a database matches, or the nearest one. */
export interface Match {
  /** The number of migrations in it. */
  readonly count: number
  readonly changes: readonly Change[]
}

/**
 * Finds the part of the history whose catalog the database has, and records it as applied, like Prisma's
 * `resolve --applied`. Runs no migration. Fails with REPAIR.HISTORY_EXISTS, REPAIR.UNKNOWN_MIGRATION
 * or REPAIR.NO_BASELINE, which names the differences from the nearest part.
 */
export async function baseline(asked: BaselineRequest): Promise<BaselineOutcome> {
  return await withTarget(asked, async (session) => {
    const request = shadowLike(asked, session)
    await refuseHistory(session)
    await refuseEmpty(session, request)
    const actual = { session, scope: await projectScope(session, request.migrations) }
    request.emit({
      kind: 'phase',
      phase: 'compare',
      detail: `${request.migrations.length} migrations`,
    })
    const match = await findMatch(actual, request)
    if (match.changes.length > 0 && !request.accept) refuseMatch(session, match, request)
    return await record(session, match, request)
  })
}

/** Fails with REPAIR.NO_MIGRATIONS if there is nothing to record. */
export function refuseNoMigrations(migrations: readonly MigrationFile[]): void {
  if (migrations.length > 0) return
  raise('REPAIR.NO_MIGRATIONS', {
    message: 'The project has no migrations to record.',
    why: 'A baseline records the migrations that created the tables. Slipway can write the first one from them.',
    nextActions: [
      command(
        ['baseline', '--write', 'init'],
        'write the migration from the database, and record it',
      ),
    ],
  })
}

/** Fails with REPAIR.HISTORY_EXISTS if migrations are recorded already. */
export async function refuseHistory(session: Session): Promise<void> {
  const { rows } = await readHistory(session)
  const applied = rows.filter((row) => row.rolledBackAt === null)
  if (applied.length === 0) return
  raise('REPAIR.HISTORY_EXISTS', {
    message: `${session.server.database} already has a history.`,
    why: 'A baseline is for a database that has tables and no history.',
    nextActions: [
      command(['status'], 'see what is applied'),
      command(['drift'], 'compare it with its history'),
    ],
  })
}

async function refuseEmpty(session: Session, { migrations }: BaselineRequest): Promise<void> {
  const outline = await readOutline(session, await projectScope(session, migrations))
  refuseTables(session, outline.size)
}

/** Fails with REPAIR.NO_BASELINE on a database without tables. */
export function refuseTables(session: Session, tables: number): void {
  if (tables > 0) return
  raise('REPAIR.NO_BASELINE', {
    message: `${session.server.database} has no tables.`,
    why: 'No migration can have been applied to it.',
    nextActions: [command(['deploy'], 'apply the migrations')],
  })
}

/** The target, and the scope of the project in it. */
interface Actual {
  readonly session: Session
  readonly scope: Scope
}

async function findMatch(actual: Actual, request: BaselineRequest): Promise<Match> {
  const { upTo, migrations } = request
  if (upTo === undefined) return await searchMatch(actual, request)
  const index = migrations.findIndex(({ name }) => name === upTo)
  if (index === -1) refuseUnknown(upTo)
  return await compareWith(index + 1, actual, request)
}

/** Fails with REPAIR.UNKNOWN_MIGRATION. */
export function refuseUnknown(upTo: string): never {
  return raise('REPAIR.UNKNOWN_MIGRATION', {
    message: `The project has no migration ${upTo}.`,
    nextActions: [command(['status'], 'see the migrations')],
  })
}

async function compareWith(
  count: number,
  actual: Actual,
  request: BaselineRequest,
): Promise<Match> {
  const { migrations, shadow } = request
  const changes = await withShadowDatabase(shadow, migrations.slice(0, count), async (copy) =>
    differenceBetween({ session: copy, scope: await projectScope(copy, migrations) }, actual),
  )
  return { count, changes }
}

/**
 * Compares with the whole history first, which is the usual case. Then replays it once: each state is compared in
 * outline, and in full only if the outlines are equal, so that hundreds of migrations take seconds. If several states
 * have the same catalog, the last one counts.
 */
async function searchMatch(actual: Actual, request: BaselineRequest): Promise<Match> {
  const { migrations, shadow } = request
  const whole = await compareWith(migrations.length, actual, request)
  if (whole.changes.length === 0) return whole
  const outline = await readOutline(actual.session, actual.scope)
  const { hash } = await readFingerprint(actual.session, actual.scope)
  let match = 0
  let nearest = { count: migrations.length, distance: Number.POSITIVE_INFINITY }
  await withShadowDatabase(
    shadow,
    [],
    async (copy) => {
      const scope = await projectScope(copy, migrations)
      for (const [index, migration] of migrations.entries()) {
        const count = index + 1
        await replay(copy, [migration])
        const distance = outlineDistance(await readOutline(copy, scope), outline)
        if (distance <= nearest.distance) nearest = { count, distance }
        if (distance === 0 && (await readFingerprint(copy, scope)).hash === hash) match = count
      }
    },
    migrations,
  )
  if (match > 0) return { count: match, changes: [] }
  return nearest.count === whole.count ? whole : await compareWith(nearest.count, actual, request)
}

/** Fails with REPAIR.NO_BASELINE, which names the differences from the nearest part. */
export function refuseMatch(
  session: Session,
  { count, changes }: Match,
  { migrations, upTo }: BaselineRequest,
): never {
  const name = migrations[count - 1]?.name ?? 'the empty history'
  const named = changes.slice(0, 5).map(({ change, object }) => `${objectText(object)} (${change})`)
  const more = changes.length - named.length
  return raise('REPAIR.NO_BASELINE', {
    message:
      upTo === undefined
        ? `${session.server.database} does not match any part of the history; ${name} is the nearest.`
        : `${session.server.database} does not match the history up to ${name}.`,
    why: `It differs in ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    nextActions: [
      command(
        ['baseline', '--to', name, '--accept', 'drift'],
        'record it anyway, with the differences as drift',
      ),
    ],
  })
}

async function record(
  session: Session,
  { count, changes }: Match,
  request: BaselineRequest,
): Promise<BaselineOutcome> {
  const { migrations } = request
  const recorded = migrations.slice(0, count)
  await createHistoryTables(session, request)
  await executeLocked(session, recorded.map((migration) => rowsOf(session, migration)).join(''))
  if (changes.length === 0) await verifyAndRecord(session, migrations)
  return {
    database: session.server.database,
    recorded: recorded.map(({ name }) => name),
    undecided: await undecidedOf(recorded, dialectOf(session)),
    pending: migrations.slice(count).map(({ name }) => name),
    changes,
  }
}

/** The names of the last migrations that change only rows. */
export async function undecidedOf(
  recorded: readonly MigrationFile[],
  dialect: Dialect,
): Promise<string[]> {
  const { parse } = await parserFor(dialect)
  const changesRows = ({ sql, path }: MigrationFile) => parse(sql, path).every(changesRowsOnly)
  const first = recorded.findLastIndex((migration) => !changesRows(migration)) + 1
  return recorded.slice(first).map(({ name }) => name)
}

function rowsOf(session: Session, { name, sql }: MigrationFile): string {
  return (
    markedRowSql(session, name, checksum(sql)) +
    receiptSql(session, { command: 'baseline', migration: name, attempts: 1 })
  )
}
