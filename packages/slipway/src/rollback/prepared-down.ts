import type { Session } from '../database/index.ts'
import { readKnownNow, readSchemaNow } from '../deploy/index.ts'
import { writeDownMigration } from '../down/index.ts'
import { advice, command, failureOf, type NextAction, rethrow } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import { type CreatedObjects, createdBefore, tableKey } from '../safekeeping/index.ts'
import {
  type Catalog,
  type Change,
  difference,
  readCatalog,
  readIdentities,
  replacedObjects,
} from '../schema/index.ts'
import { replay, type ShadowOptions, shadowSchema, withShadowDatabase } from '../shadow/index.ts'
import {
  changesRowsOnly,
  type Statement,
  type Migration,
  parseMigration,
  type MigrationFile,
  parserFor,
} from '../statements/index.ts'
import { type Announcement, announcementsIn } from './announced.ts'
import { raise } from './failures.ts'

/** An applied migration with its file, and its down migration if there is one. */
export interface Reversible extends MigrationFile {
  readonly downPath?: string | undefined
  readonly down?: string | undefined
}

/** The down migration of one migration, ready to be run. */
export interface PreparedDown {
  readonly plan: Migration
  /** `file`: its down.sql. `written`: written now, from the catalogs before and after. */
  readonly origin: 'file' | 'written'
  /** Where its file is, or would be. */
  readonly path: string
  readonly sql: string
  /** What it cannot promise, reported before anything runs. */
  readonly announced: readonly Announcement[]
  /** Statements of the migration that write rows, which a down migration from catalogs does not cover. */
  readonly wrote: readonly number[]
}

/**
 * The down migration of a migration: its down.sql, or else one that is written now. `before` is the history
 * without it.
 */
export async function prepareDown(
  migration: Reversible,
  before: readonly MigrationFile[],
  shadow: ShadowOptions,
): Promise<PreparedDown> {
  const parser = await parserFor(shadow.dialect)
  const { name, sql: up, path: upPath } = migration
  const path = migration.downPath ?? `${name}/down.sql`
  if (migration.down !== undefined) {
    const plan = parseMigration({ name, path, sql: migration.down }, parser)
    const announced = await announcementsIn(parser, { down: migration.down, up })
    return { plan, origin: 'file', path, sql: migration.down, announced, wrote: [] }
  }
  const written = await withAdvice(path, () => writeDownMigration({ shadow, before, migration }))
  const place = `down migration of ${name}`
  const plan = parseMigration({ name, path: place, sql: written.sql }, parser)
  const wrote = rowWrites(parser.parse(up, upPath), plan, shadowSchema(shadow))
  const announced = await announcementsIn(parser, { down: written.sql, up })
  return { plan, origin: 'written', path, sql: written.sql, announced, wrote }
}

/** Adds the advice to write a down migration by hand if the migration does not run on a shadow database. */
async function withAdvice<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code !== 'SHADOW.REPLAY_FAILED') throw error
    const label = 'write a down migration: Slipway can write one only if the migration runs there'
    const write = { kind: 'edit', path, label } as const
    return rethrow({ ...failure, nextActions: [write, ...failure.nextActions] }, error)
  }
}

function rowWrites(
  statements: readonly Statement[],
  downMigration: Migration,
  defaultSchema: string,
): number[] {
  const made = createdBefore(statements, defaultSchema)
  const rebuilt = rebuiltTables(statements)
  return statements
    .filter(
      (statement, index) =>
        changesRowsOnly(statement) &&
        (rebuilt.has(tableOf(statement) ?? '') ||
          !ofMadeTables(statement, made[index], defaultSchema)) &&
        !isDeletedBy(downMigration, statement),
    )
    .map(({ number }) => number)
}

/** The names of rebuilt tables: those that were filled from another table and then took its name. */
function rebuiltTables(statements: readonly Statement[]): ReadonlySet<string> {
  const actions = statements.flatMap((statement) => statement.actions)
  const sources = new Map(
    actions.flatMap((action) =>
      action.kind === 'insert' && action.copies
        ? [[action.table.name, action.copies.from.name] as const]
        : [],
    ),
  )
  return new Set(
    actions.flatMap((action) =>
      action.kind === 'rename' && action.of === 'table' && sources.get(action.from) === action.to
        ? [action.to]
        : [],
    ),
  )
}

function tableOf({ actions: [action] }: Statement): string | undefined {
  return action && 'table' in action ? action.table?.name : undefined
}

/**
 * Whether a down migration deletes the rows of an INSERT: it does if they are literals and their table has a
 * key.
 */
function isDeletedBy({ statements }: Migration, { actions }: Statement): boolean {
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

/**
 * Whether a statement only changes tables that the migration itself created: their rows are dropped with
 * them.
 */
function ofMadeTables(
  { actions }: Statement,
  made: CreatedObjects | undefined,
  defaultSchema: string,
): boolean {
  return actions.every(
    (action) =>
      'table' in action && action.table && made?.tables.has(tableKey(action.table, defaultSchema)),
  )
}

/** The result of a test run of down migrations. */
export type DownVerdict =
  | { readonly kind: 'proven' }
  | { readonly kind: 'incomplete'; readonly changes: readonly Change[] }
  /** The history cannot be replayed here, so nothing is known. */
  | { readonly kind: 'not-tested'; readonly reason: string }

/** A test run, and the schema that the target must have afterwards. */
export interface TestedDown {
  readonly testRun: DownVerdict
  readonly expected?: ExpectedSchema
}

/** The schema that a target must have afterwards. */
export interface ExpectedSchema {
  readonly fingerprint: string
  /** Needed only to name differences; needs a replay if the proof is an earlier one. */
  readonly catalog: () => Promise<Catalog | undefined>
}

/** The history on which down migrations are tested. */
export interface DownHistory {
  readonly applied: readonly MigrationFile[]
  /** All migrations of the project, which show what belongs to it. */
  readonly project: readonly MigrationFile[]
  readonly shadow: ShadowOptions
}

/**
 * Runs up and down on one shadow database: the remaining history, the migrations on top of it, their down
 * migrations; then compares the schema with that of the remaining history. A down migration that fails there
 * is refused (ROLLBACK.DOWN_FAILS) before the target is touched.
 */
export async function testDownMigrations(
  prepared: readonly PreparedDown[],
  { applied, project, shadow }: DownHistory,
): Promise<TestedDown> {
  const stays = applied.slice(0, applied.length - prepared.length)
  const goes = applied.slice(stays.length)
  const downs = prepared.map((down) => {
    const { plan, sql } = down
    return { name: plan.name, sql, path: plan.path, correction: correctionOf(down) }
  })
  /** Also works later, when the private server of this test run has stopped. */
  const expectedCatalog = () =>
    withShadowDatabase({ ...shadow, running: undefined }, stays, (session) =>
      readProjectCatalog(session, project),
    )
  try {
    const { before, after, replaced } = await withShadowDatabase(
      shadow,
      stays,
      async (session) => {
        const known = await readKnownNow(session, project)
        const first = await readIdentities(session)
        await replay(session, goes)
        const identities = { before: first, after: await readIdentities(session) }
        await runBackwards(downs, (down) => replay(session, [down]))
        const { hash } = (await readSchemaNow(session, project, known)).fingerprint
        const restored = hash === known.fingerprint.hash
        return {
          before: known.fingerprint,
          after: restored ? undefined : await readProjectCatalog(session, project),
          replaced: await replacedObjects(session, identities),
        }
      },
      [...goes, ...downs],
    )
    const unlike = after ? difference(await expectedCatalog(), after) : []
    const changes = [...unlike, ...replaced]
    return {
      testRun: changes.length === 0 ? { kind: 'proven' } : { kind: 'incomplete', changes },
      expected: { fingerprint: before.hash, catalog: expectedCatalog },
    }
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.code.startsWith('SHADOW.') !== true) throw error
    return { testRun: { kind: 'not-tested', reason: failure.message } }
  }
}

async function readProjectCatalog(
  session: Session,
  project: readonly MigrationFile[],
): Promise<Catalog> {
  return await readCatalog(session, await projectScope(session, project))
}

/** The file to edit; a down migration that Slipway wrote from the schemas has no file. */
export function correctionOf({ plan, origin }: PreparedDown, label = 'correct it'): NextAction {
  return origin === 'file'
    ? { kind: 'edit', path: plan.path, label }
    : advice(`Write ${plan.name}/down.sql by hand: Slipway could not write one from the schemas.`)
}

interface Down extends MigrationFile {
  readonly correction: NextAction
}

async function runBackwards(
  downs: readonly Down[],
  run: (down: MigrationFile) => Promise<void>,
): Promise<void> {
  for (const down of downs) {
    try {
      await run(down)
    } catch (error) {
      const failure = failureOf(error)
      if (!failure) throw error
      raise('ROLLBACK.DOWN_FAILS', {
        message: `The down migration of ${down.name} fails on a shadow database; the target was not changed.`,
        ...(failure.why === undefined ? {} : { why: failure.why }),
        ...(failure.where === undefined ? {} : { where: failure.where }),
        ...(failure.server === undefined ? {} : { server: failure.server }),
        nextActions: [
          down.correction,
          command(['rollback', '--accept', 'unproven'], 'run it anyway'),
        ],
        cause: error,
      })
    }
  }
}
