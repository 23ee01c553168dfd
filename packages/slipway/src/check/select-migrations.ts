import { suggest } from '../kernel/index.ts'
import type { MigrationFolder } from '../project/index.ts'
import { raise } from './failures.ts'

/**
 * The migrations with these names or endings, each once; the last one if none is named. Fails with
 * CHECK.UNKNOWN_MIGRATION, also if an ending is that of several.
 */
export function selectMigrations({
  migrations,
  names,
}: {
  readonly migrations: readonly MigrationFolder[]
  readonly names: readonly string[]
}): readonly MigrationFolder[] {
  if (names.length === 0) return migrations.slice(-1)
  return [...new Set(names.map((name) => selectOne(name, migrations)))]
}

function selectOne(name: string, migrations: readonly MigrationFolder[]): MigrationFolder {
  const exact = migrations.find((one) => one.name === name)
  const ending = migrations.filter((one) => one.name.endsWith(`_${name}`))
  const [only, other] = exact ? [exact] : ending
  if (only && !other) return only
  const all = migrations.map((one) => one.name)
  const meant = other ? undefined : suggest(name, all)
  return raise('CHECK.UNKNOWN_MIGRATION', {
    message: other
      ? `Several migrations end with ${name}: ${ending.map((one) => one.name).join(', ')}.`
      : `There is no migration ${name}.`,
    ...(meant === undefined ? {} : { why: `Did you mean ${meant}?` }),
  })
}
