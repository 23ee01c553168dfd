import { writeFileSync } from 'node:fs'
import { type Facts, rewrite, type Rewriting } from '../hazards/index.ts'
import { advice, attempt, type Emit, type Failure, rethrow } from '../kernel/index.ts'
import { projectScope } from '../plan/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type Catalog, difference, readFacts } from '../schema/index.ts'
import {
  replay,
  type ShadowOptions,
  withShadowDatabase,
  withShadowServer,
} from '../shadow/index.ts'
import { checksum, objectText, parserFor, type StatementParser } from '../statements/index.ts'
import { raise } from './failures.ts'
import { selected } from './selected.ts'

/** What is to be rewritten, and where it is tried. */
export interface FixRequest {
  /** All migrations of the project. */
  readonly migrations: readonly MigrationFolder[]
  /** Those to rewrite; the last one where none is named. */
  readonly names: readonly string[]
  readonly shadow: ShadowOptions
  readonly facts: Facts
  readonly emit: Emit
}

/** A migration in its safe form. */
export interface FixedMigration extends Rewriting {
  readonly name: string
  readonly path: string
  /** Why the new text is not to be used. */
  readonly refusal?: Failure
}

/**
 * Rewrites hazards into their safe form, and runs both forms, each on a shadow database that holds the history before it:
 * a form that gives another schema is refused with CHECK.FIX_DIFFERS. Writes nothing and touches no target.
 * Fails with CHECK.UNKNOWN_MIGRATION.
 */
export async function fixMigrations(request: FixRequest): Promise<FixedMigration[]> {
  const fixed = rewritings(request, await parserFor(request.shadow.dialect))
  if (fixed.every(({ edits }) => edits.length === 0)) return fixed
  return await withShadowServer(request.shadow, async (shadow) => {
    const tried: FixedMigration[] = []
    for (const one of fixed) {
      if (one.edits.length > 0) request.emit({ kind: 'phase', phase: 'test', detail: one.name })
      tried.push(one.edits.length > 0 ? await tested(one, { ...request, shadow }) : one)
    }
    return tried
  })
}

/** Writes the new text, and the checksum in the head of the down migration. Gives the paths of what it wrote. */
export function writeFix(migration: MigrationFolder, { path, sql }: FixedMigration): string[] {
  writeFileSync(path, sql)
  const { down, downPath } = migration
  const line = `-- slipway: checksum ${checksum(migration.sql)}`
  if (downPath === undefined || !down?.includes(line)) return [path]
  writeFileSync(downPath, down.replace(line, `-- slipway: checksum ${checksum(sql)}`))
  return [path, downPath]
}

/** All migrations from the first chosen one to the last are read once, in their order. */
function rewritings(request: FixRequest, parser: StatementParser): FixedMigration[] {
  const { migrations, facts } = request
  const chosen = selected(request)
  const places = chosen.map((one) => migrations.indexOf(one))
  const [from, to] = [Math.min(...places), Math.max(...places) + 1]
  const parsed = migrations
    .slice(0, to)
    .map(({ name, path, sql }) => ({ name, path, sql, statements: parser.parse(sql, path) }))
  const all = rewrite({
    history: parsed.slice(0, from),
    migrations: parsed.slice(from),
    facts,
    parser,
  })
  return chosen.flatMap(({ name, path }, index) => {
    const rewriting = all[(places[index] ?? 0) - from]
    return rewriting ? [{ name, path, ...rewriting }] : []
  })
}

async function tested(fixed: FixedMigration, request: FixRequest): Promise<FixedMigration> {
  const compared = await attempt(() => compare(fixed, request))
  return compared.ok ? fixed : { ...fixed, refusal: compared.failure }
}

async function compare(fixed: FixedMigration, request: FixRequest): Promise<void> {
  const { name, path, sql } = fixed
  const { migrations } = request
  const place = migrations.findIndex((one) => one.name === name)
  const upTo = migrations.slice(0, place + 1)
  const original = await attempt(() => schemaOf(upTo, request))
  if (!original.ok && !isBroken(fixed, original.failure)) rethrow(original.failure)
  const rewritten = await schemaOf([...upTo.slice(0, -1), { name, path, sql }], request)
  if (!original.ok) return
  const changes = difference(original.value, rewritten)
  if (changes.length === 0) return
  const list = changes.map(({ change, object }) => `${objectText(object)} (${change})`).join(', ')
  raise('CHECK.FIX_DIFFERS', {
    message: `The rewritten ${name} gives another schema than the original: ${list}.`,
    why: 'A rewritten migration must run differently and give the same schema.',
    nextActions: [advice('Report this as a bug of slipway fix, with the migration.')],
    where: { file: path },
  })
}

/** PostgreSQL refuses the original because of the hazard that is rewritten, so the new text only has to run. */
function isBroken({ rewritten }: FixedMigration, { code }: Failure): boolean {
  return code === 'SHADOW.REPLAY_FAILED' && rewritten.some(({ id }) => id === 'enum-value-used')
}

/** The schema that a history gives, its last migration run as a deploy would. */
async function schemaOf(
  history: readonly Pick<MigrationFolder, 'name' | 'path' | 'sql'>[],
  { shadow, migrations }: FixRequest,
): Promise<Catalog> {
  const last = history.slice(-1)
  return await withShadowDatabase(
    shadow,
    history.slice(0, -1),
    async (session) => {
      await replay(session, last)
      return await readFacts(session, await projectScope(session, migrations))
    },
    last,
  )
}
