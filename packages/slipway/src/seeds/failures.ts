import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of seed sets, of their rows, and of the database that they run on. */
export const seedFailures = {
  'SEEDS.SET_INVALID': { title: 'A seed set cannot be read' },
  'SEEDS.SET_UNKNOWN': { title: 'There is no seed set with that name' },
  'SEEDS.NOT_HERE': { title: 'This seed set does not belong to the environment' },
  'SEEDS.CYCLE': { title: 'Seed sets depend on each other in a cycle' },
  'SEEDS.TABLE_MISSING': { title: 'A table of a seed set does not exist' },
  'SEEDS.COLUMN_UNKNOWN': { title: 'A row names a column that its table does not have' },
  'SEEDS.KEY_NOT_UNIQUE': { title: 'The natural key of a seed has no unique index' },
  'SEEDS.TABLE_OWNED': { title: 'Two seed sets write to one table' },
  'SEEDS.FILE_INVALID': { title: 'A data file of a seed set cannot be read' },
  'SEEDS.FILE_NOT_WRITTEN': { title: 'A data file of a seed set cannot be replaced' },
  'SEEDS.ROW_INVALID': { title: 'A row of a seed set is invalid' },
  'SEEDS.DUPLICATE_KEY': { title: 'Two rows of a seed have the same natural key' },
  'SEEDS.REFERENCE_MISSING': { title: 'A seed refers to a row that does not exist' },
  'SEEDS.CODE_FAILED': { title: 'The code of a seed set failed' },
  'SEEDS.DEADLINE': { title: 'A seed set was still generating rows at the deadline' },
  'SEEDS.STOPPED': { title: 'A signal stopped the seeds cleanly', exit: 130 },
  'SEEDS.NEWER_DATABASE': { title: 'The database has a newer version of a seed set', exit: 4 },
  'SEEDS.MIGRATIONS_PENDING': {
    title: 'Migrations are pending, so the seeds may not match the schema',
  },
  'SEEDS.KEY_UNKNOWN': { title: 'The natural key of a table is unknown' },
  'SEEDS.NOT_PORTABLE': { title: 'A column cannot be copied to another database' },
  'SEEDS.SENSITIVE': { title: 'A sensitive column is not copied' },
  'SEEDS.SAME_DATABASE': { title: 'Both sides of a sync are the same database' },
  'SEEDS.SCHEMAS_DIFFER': { title: 'A table differs between the two databases' },
  'SEEDS.ROWS_REFERRED': { title: 'Other rows refer to rows that would be deleted' },
  'SEEDS.DATABASE_CHANGED': { title: 'Another session changed the database while seeds ran' },
  'SEEDS.OUTCOME_UNKNOWN': { title: 'The response for a seed set was lost' },
  'SEEDS.NOT_ON_SQLITE': { title: 'Rows cannot be copied between databases of this kind' },
  'SEEDS.NOT_DATA': { title: 'A seed set is code and cannot be written' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof seedFailures> = createRaise(seedFailures)
