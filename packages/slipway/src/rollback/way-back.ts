import { type Change, difference, readCatalog } from '../catalog/index.ts'
import { writeWayBack } from '../create/index.ts'
import { command, failureOf } from '../kernel/index.ts'
import { loadParser } from '../migration/index.ts'
import { type MigrationPlan, planMigration, projectScope } from '../plan/index.ts'
import { replay, type ReplayMigration, type ScratchOptions, withScratch } from '../rehearsal/index.ts'
import { raise } from './failures.ts'

/** An applied migration with its file, and its way back where one is written. */
export interface Reversible extends ReplayMigration {
  readonly downPath?: string | undefined
  readonly down?: string | undefined
}

/** The way back of one migration, ready to be run. */
export interface WayBack {
  readonly plan: MigrationPlan
  /** `file`: its down.sql. `written`: made now, from the catalogs before and after. */
  readonly origin: 'file' | 'written'
  readonly sql: string
  /** What depends on rows or needs a choice, told before anything runs. */
  readonly announced: readonly string[]
}

/** The way back of a migration: its down.sql, else one that is written now. `before` is the history without it. */
export async function wayBackOf(
  migration: Reversible,
  before: readonly ReplayMigration[],
  scratch: ScratchOptions,
): Promise<WayBack> {
  await loadParser()
  const { name } = migration
  if (migration.down !== undefined) {
    const path = migration.downPath ?? `${name}/down.sql`
    const plan = planMigration({ name, path, sql: migration.down })
    return { plan, origin: 'file', sql: migration.down, announced: announcements(migration.down) }
  }
  const written = await writeWayBack({ scratch, before, migration })
  const plan = planMigration({ name, path: `${name}/down.sql (written now)`, sql: written.sql })
  return { plan, origin: 'written', sql: written.sql, announced: announcements(written.sql) }
}

/** The lines of a down.sql that say what it cannot promise. */
function announcements(sql: string): string[] {
  return [...sql.matchAll(/^--\s*slipway:\s*(choice|lossy|irreversible)\s+(.+?)\s*$/gm)].map(
    ([, kind, text]) => `${kind}: ${text}`,
  )
}

/** What a rehearsal of ways back found. */
export type Rehearsal =
  | { readonly kind: 'proven' }
  | { readonly kind: 'incomplete'; readonly changes: readonly Change[] }
  /** The history cannot be replayed here, so nothing is known. */
  | { readonly kind: 'not-rehearsed'; readonly reason: string }

/**
 * Runs ways back on a scratch that holds the applied history, and compares its catalog with that of the
 * history that stays. A way back that fails there is refused (ROLLBACK.WAY_BACK_FAILS) before the target
 * is touched.
 */
export async function rehearseWaysBack(
  ways: readonly WayBack[],
  applied: readonly ReplayMigration[],
  scratch: ScratchOptions,
): Promise<Rehearsal> {
  const stays = applied.slice(0, applied.length - ways.length)
  const catalogOf = (history: readonly ReplayMigration[], backwards: readonly WayBack[]) =>
    withScratch(scratch, history, async (session) => {
      await runBackwards(backwards, (down) => replay(session, [down]))
      return await readCatalog(session, await projectScope(session, applied))
    })
  try {
    const expected = await catalogOf(stays, [])
    const changes = difference(expected, await catalogOf(applied, ways))
    return changes.length === 0 ? { kind: 'proven' } : { kind: 'incomplete', changes }
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code.startsWith('REHEARSAL.') !== true) throw error
    return { kind: 'not-rehearsed', reason: failure.message }
  }
}

async function runBackwards(ways: readonly WayBack[], run: (down: ReplayMigration) => Promise<void>): Promise<void> {
  for (const { plan, sql } of ways) {
    try {
      await run({ name: plan.name, sql, path: plan.path })
    } catch (error) {
      const failure = failureOf(error)
      if (!failure) throw error
      raise('ROLLBACK.WAY_BACK_FAILS', {
        message: `The way back of ${plan.name} fails on a scratch; the database was not touched.`,
        ...(failure.why === undefined ? {} : { why: failure.why }),
        ...(failure.where === undefined ? {} : { where: failure.where }),
        ...(failure.server === undefined ? {} : { server: failure.server }),
        nextActions: [
          { kind: 'edit', path: plan.path, label: 'correct it' },
          command('slipway rollback --accept unproven', 'run it all the same'),
        ],
        cause: error,
      })
    }
  }
}
