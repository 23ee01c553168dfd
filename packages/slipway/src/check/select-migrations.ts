import { suggest } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { raise } from './failures.ts'

/**
 * The migrations with these names or endings; the last one if none is named. Fails with
 * CHECK.UNKNOWN_MIGRATION.
 */
export function selectMigrations({
  migrations,
  names,
}: {
  readonly migrations: readonly MigrationFolder[]
  readonly names: readonly string[]
}): readonly MigrationFolder[] {
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
