import { raise } from './failures.ts'
import type { SeedSet } from './set.ts'
import { findTable, type TargetTable, type TargetTables } from './target-tables.ts'

/**
 * The tables from which a set may delete referencing rows. Fails with SEEDS.TABLE_MISSING if it names one
 * that does not exist.
 */
export function cascadeTables(set: SeedSet, tables: TargetTables): readonly TargetTable[] {
  return set.tables
    .flatMap(({ cascade = [] }) => cascade)
    .map((name) => findTable(tables, name) ?? refuseName(set, name))
}

function refuseName(set: SeedSet, name: string): never {
  return raise('SEEDS.TABLE_MISSING', {
    message: `cascade in ${set.name} names the table ${name}, which the database does not have.`,
    where: { file: set.file },
  })
}
