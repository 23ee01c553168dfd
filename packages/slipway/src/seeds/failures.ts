import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What can be wrong with seed sets, their rows, and the database that they meet. */
export const seedFailures = {
  'SEEDS.SET_INVALID': { title: 'A seed set cannot be read' },
  'SEEDS.SET_UNKNOWN': { title: 'There is no seed set of that name' },
  'SEEDS.NOT_HERE': { title: 'The environment takes no such seeds' },
  'SEEDS.CYCLE': { title: 'Seed sets depend on each other in a circle' },
  'SEEDS.TABLE_MISSING': { title: 'A table of a seed set does not exist' },
  'SEEDS.COLUMN_UNKNOWN': { title: 'A row names a column that its table does not have' },
  'SEEDS.KEY_NOT_UNIQUE': { title: 'Nothing keeps the natural key of a seed unique' },
  'SEEDS.TABLE_OWNED': { title: 'Two seed sets write to one table' },
  'SEEDS.FILE_INVALID': { title: 'A data file of a seed set cannot be read' },
  'SEEDS.ROW_INVALID': { title: 'A row of a seed does not fit' },
  'SEEDS.DUPLICATE_KEY': { title: 'Two rows of a seed have the same natural key' },
  'SEEDS.REFERENCE_MISSING': { title: 'A seed refers to a row that does not exist' },
  'SEEDS.NEWER_DATABASE': { title: 'The database has a newer version of a seed set', exit: 4 },
  'SEEDS.MIGRATIONS_PENDING': { title: 'Migrations are pending, so seeds may not fit' },
  'SEEDS.KEY_UNKNOWN': { title: 'It is not known by which key rows of a table are the same' },
  'SEEDS.NOT_PORTABLE': { title: 'A column means something else in another database' },
  'SEEDS.SENSITIVE': { title: 'A sensitive column is not copied' },
  'SEEDS.SAME_DATABASE': { title: 'Both sides of a sync are one database' },
  'SEEDS.SCHEMAS_DIFFER': { title: 'A table is not the same in two databases' },
  'SEEDS.ROWS_REFERRED': { title: 'Rows to be deleted are referred to' },
  'SEEDS.NOT_DATA': { title: 'A seed set is code, and cannot be written to' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof seedFailures> = raiserOf(seedFailures)
