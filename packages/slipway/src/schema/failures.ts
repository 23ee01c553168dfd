import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What can go wrong when a catalog is read or turned into SQL. */
export const catalogFailures = {
  'SCHEMA.NO_WAY': { title: 'No SQL leads from one catalog to the other' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof catalogFailures> = raiserOf(catalogFailures)
