import { writeFileSync } from 'node:fs'
import { type Facts, rewrite, type RewriteResult } from '../hazards/index.ts'
import { attempt, type Emit, type Failure } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { type ShadowOptions, withShadowServer } from '../shadow/index.ts'
import { checksum, parserFor, type StatementParser } from '../statements/index.ts'
import { formsComparer } from './dialects.ts'
import { selectMigrations } from './select-migrations.ts'

/** The migrations to rewrite, and the shadow databases for their test. */
export interface FixRequest {
  /** All migrations of the project. */
  readonly migrations: readonly MigrationFolder[]
  /** The migrations to rewrite; the last one if none is named. */
  readonly names: readonly string[]
  readonly shadow: ShadowOptions
  readonly facts: Facts
  readonly emit: Emit
}

/** A migration in its safe form. */
export interface FixedMigration extends RewriteResult {
  readonly name: string
  readonly path: string
  /** Why the new text must not be used. */
  readonly refusal?: Failure
}

/**
 * Rewrites hazards into their safe form, and runs both forms, each on a shadow database with the earlier
 * history. A form that produces a different schema, or different rows on SQLite, is refused with
 * CHECK.FIX_DIFFERS. Writes nothing and touches no target. Fails with CHECK.UNKNOWN_MIGRATION.
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

/** Writes the new text, and its checksum into the header of the down migration. Returns the written paths. */
export function writeFix(migration: MigrationFolder, { path, sql }: FixedMigration): string[] {
  writeFileSync(path, sql)
  const { down, downPath } = migration
  const line = `-- slipway: checksum ${checksum(migration.sql)}`
  if (downPath === undefined || !down?.includes(line)) return [path]
  writeFileSync(downPath, down.replace(line, `-- slipway: checksum ${checksum(sql)}`))
  return [path, downPath]
}

/** Rewrites the chosen migrations. All migrations up to the last chosen one are parsed once, in order. */
function rewritings(request: FixRequest, parser: StatementParser): FixedMigration[] {
  const { migrations, facts } = request
  const chosen = selectMigrations(request)
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
  const compareForms = await formsComparer(request.shadow.dialect)
  const compared = await attempt(() => compareForms(fixed, request))
  return compared.ok ? fixed : { ...fixed, refusal: compared.failure }
}
