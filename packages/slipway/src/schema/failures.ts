import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can go wrong when a catalog is read or turned into SQL. */
export const schemaFailures = {
  'SCHEMA.NO_PATH': { title: 'No SQL from one schema to the other was found' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof schemaFailures> = createRaise(schemaFailures)
