import { type Catalog, type Change, difference, readCatalog } from '../catalog/index.ts'
import { writeWayBack } from '../create/index.ts'
import { advice, command, failureOf, type NextAction } from '../kernel/index.ts'
import {
  changesRowsOnly,
  loadParser,
  matchesChecksum,
  parseStatements,
  type Statement,
} from '../migration/index.ts'
import { type MigrationPlan, planMigration, projectScope } from '../plan/index.ts'
import {
  replay,
  type ReplayMigration,
  type ScratchOptions,
  withScratch,
} from '../rehearsal/index.ts'
import { type Made, madeBefore, nameKey } from '../safekeeping/index.ts'
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
  /** Statements of the migration that write rows of which a way back made of catalogs knows nothing. */
  readonly wrote: readonly number[]
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
    const announced = [...staleness(migration, migration.down), ...announcements(migration.down)]
    return { plan, origin: 'file', sql: migration.down, announced, wrote: [] }
  }
  const written = await writeWayBack({ scratch, before, migration })
  const plan = planMigration({ name, path: `way back of ${name}`, sql: written.sql })
  const announced = announcements(written.sql)
  return { plan, origin: 'written', sql: written.sql, announced, wrote: rowWrites(migration, plan) }
}

function rowWrites({ sql, path }: ReplayMigration, wayBack: MigrationPlan): number[] {
  const statements = parseStatements(sql, path)
  const made = madeBefore(statements)
  return statements
    .filter(
      (statement, index) =>
        changesRowsOnly(statement) &&
        !ofMadeTables(statement, made[index]) &&
        !isDeletedBy(wayBack, statement),
    )
    .map(({ number }) => number)
}

/** A way back deletes the rows that an INSERT writes out, where their table has a key. */
function isDeletedBy({ statements }: MigrationPlan, { actions }: Statement): boolean {
  const emptied = statements.flatMap((one) =>
    one.actions.flatMap((action) => (action.kind === 'delete' ? [action.table] : [])),
  )
  return actions.every(
    (action) =>
      action.kind === 'insert' &&
      action.inserted !== undefined &&
      emptied.some(({ schema, name }) => {
        const { schema: inSchema = schema, name: table } = action.table
        return name === table && schema === inSchema
      }),
  )
}

/** The rows of a table that the migration itself made go with the table. */
function ofMadeTables({ actions }: Statement, made: Made | undefined): boolean {
  return actions.every(
    (action) => 'table' in action && action.table && made?.tables.has(nameKey(action.table)),
  )
}

/** A down.sql that Slipway wrote names the text that it leads back from. */
function staleness({ sql }: ReplayMigration, down: string): string[] {
  const written = /^--\s*slipway:\s*checksum\s+([0-9a-f]{64})\s*$/m.exec(down)?.[1]
  if (written === undefined || matchesChecksum(sql, written)) return []
  return ['stale: migration.sql was edited after this way back was written']
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

/** A rehearsal, and the catalog that the target must have afterwards. */
export interface Rehearsed {
  readonly rehearsal: Rehearsal
  readonly expected?: Catalog
}

/**
 * Goes there and back on one scratch: the history that stays, the migrations on top of it, their ways
 * back, and the catalog compared with the first. A way back that fails there is refused
 * (ROLLBACK.WAY_BACK_FAILS) before the target is touched.
 */
export async function rehearseWaysBack(
  ways: readonly WayBack[],
  applied: readonly ReplayMigration[],
  scratch: ScratchOptions,
): Promise<Rehearsed> {
  const stays = applied.slice(0, applied.length - ways.length)
  const goes = applied.slice(stays.length)
  const downs = ways.map((way) => {
    const { plan, sql } = way
    return { name: plan.name, sql, path: plan.path, correction: correctionOf(way) }
  })
  try {
    return await withScratch(
      scratch,
      stays,
      async (session) => {
        const scope = await projectScope(session, applied)
        const expected = await readCatalog(session, scope)
        await replay(session, goes)
        await runBackwards(downs, (down) => replay(session, [down]))
        const changes = difference(expected, await readCatalog(session, scope))
        const rehearsal: Rehearsal =
          changes.length === 0 ? { kind: 'proven' } : { kind: 'incomplete', changes }
        return { rehearsal, expected }
      },
      [...goes, ...downs],
    )
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code.startsWith('REHEARSAL.') !== true) throw error
    return { rehearsal: { kind: 'not-rehearsed', reason: failure.message } }
  }
}

/** What there is to be edited; a way back that was made of catalogs stands in no file. */
export function correctionOf({ plan, origin }: WayBack, label = 'correct it'): NextAction {
  return origin === 'file'
    ? { kind: 'edit', path: plan.path, label }
    : advice(
        `Write ${plan.name}/down.sql by hand: there is none, and the catalogs tell no way back.`,
      )
}

interface Down extends ReplayMigration {
  readonly correction: NextAction
}

async function runBackwards(
  downs: readonly Down[],
  run: (down: ReplayMigration) => Promise<void>,
): Promise<void> {
  for (const down of downs) {
    try {
      await run(down)
    } catch (error) {
      const failure = failureOf(error)
      if (!failure) throw error
      raise('ROLLBACK.WAY_BACK_FAILS', {
        message: `The way back of ${down.name} fails on a scratch; the database was not touched.`,
        ...(failure.why === undefined ? {} : { why: failure.why }),
        ...(failure.where === undefined ? {} : { where: failure.where }),
        ...(failure.server === undefined ? {} : { server: failure.server }),
        nextActions: [
          down.correction,
          command('slipway rollback --accept unproven', 'run it all the same'),
        ],
        cause: error,
      })
    }
  }
}
