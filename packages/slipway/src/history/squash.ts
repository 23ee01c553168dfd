import { type SquashedMigration, squashedIn } from '../statements/index.ts'
import type { MigrationText } from './compare.ts'
import { type History, type HistoryRow, intoSquash } from './prisma-history.ts'

/**
 * How much of a squash a target has. `whole`: all replaced migrations are applied, so the squash must be recorded, not
 * run. `left-over`: it is recorded, but the rows of the replaced migrations still count. `partly`: some of these are
 * missing. `recorded`: nothing is left to do.
 */
export interface SquashStatus {
  readonly kind: 'whole' | 'left-over' | 'partly' | 'recorded'
  /** The squash. */
  readonly migration: string
  /** The replaced migrations that are, or were, applied one by one. */
  readonly replaces: readonly string[]
  /** The replaced migrations that the target lacks; only if `kind` is `partly`. */
  readonly lacks: readonly string[]
  /** The replaced migrations whose applied text differs from the squashed one. */
  readonly edited: readonly string[]
}

/** The squashes of a project that concern what was applied to a target. Pure. */
export function squashesOn(
  history: History,
  living: ReadonlyMap<string, HistoryRow>,
  migrations: readonly MigrationText[],
): SquashStatus[] {
  return migrations.flatMap(({ name, sql }): SquashStatus[] => {
    const squashed = squashedIn(sql)
    if (squashed.length === 0) return []
    const applied = squashed.filter((one) => isFinished(living.get(one.name)))
    const replaces = applied.map((one) => one.name)
    const lacks = lacking(squashed, new Set(replaces))
    const edited = applied
      .filter((one) => !one.checksums.includes(living.get(one.name)?.checksum ?? ''))
      .map((one) => one.name)
    const about = { migration: name, replaces, lacks: [], edited }
    if (isFinished(living.get(name))) {
      if (replaces.length > 0) return [{ kind: 'left-over', ...about }]
      const recorded = history.rows.filter(({ logs }) => logs === intoSquash(name))
      const names = [...new Set(recorded.map(({ migration }) => migration))]
      return names.length > 0 ? [{ kind: 'recorded', ...about, replaces: names }] : []
    }
    if (replaces.length === 0) return []
    return [lacks.length === 0 ? { kind: 'whole', ...about } : { kind: 'partly', ...about, lacks }]
  })
}

/** Squashes whose replaced migrations still have folders. Pure. */
export function unfinishedSquashes(migrations: readonly MigrationText[]): string[] {
  const names = new Set(migrations.map(({ name }) => name))
  return migrations
    .filter(({ sql }) => squashedIn(sql).some(({ name }) => names.has(name)))
    .map(({ name }) => name)
}

function isFinished(row: HistoryRow | undefined): boolean {
  return row !== undefined && row.finishedAt !== null
}

/** The migrations of a squash that are not applied. A nested squash counts as applied if all of its own are. */
function lacking(
  squashed: readonly SquashedMigration[],
  applied: ReadonlySet<string>,
  within?: string,
): string[] {
  return squashed
    .filter((one) => one.within === within && !applied.has(one.name))
    .flatMap(({ name }) => {
      const parts = squashed.filter((one) => one.within === name)
      if (parts.length === 0) return [name]
      const lacks = lacking(squashed, applied, name)
      return lacks.length === parts.length ? [name] : lacks
    })
}
