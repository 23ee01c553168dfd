import type { Dialect } from '../database/index.ts'
import type { FixedMigration, FixRequest } from './fix.ts'

/** Runs both forms of a migration. Fails with CHECK.FIX_DIFFERS if their results differ. */
type FormsComparer = (fixed: FixedMigration, request: FixRequest) => Promise<void>

const COMPARERS: Readonly<Record<Dialect, () => Promise<FormsComparer>>> = {
  postgres: async () => (await import('./compare-forms.ts')).compareForms,
  sqlite: async () => (await import('./sqlite/compare-forms.ts')).compareSqliteForms,
}

/** The function that compares the forms of migrations of a dialect. */
export async function formsComparer(dialect: Dialect): Promise<FormsComparer> {
  return await COMPARERS[dialect]()
}
