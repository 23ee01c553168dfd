import type { Command, Topic } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const TOPIC: Topic = {
  name: 'seed',
  group: 'deploy',
  summary: 'load, compare and copy reference data',
  details:
    'A seed set is a TypeScript file with defineSeed in prisma/seeds, or a folder with set.json and CSV, JSON, NDJSON or SQL. ' +
    'An environment gets the sets listed in its configuration, or the sets that list the environment.',
}

const SET = {
  set: { kind: 'list', value: '<name>', summary: 'only these sets' },
} as const satisfies Command['flags']

const DRY_RUN = {
  'dry-run': { kind: 'switch', summary: 'show what would be written, and write nothing' },
} as const satisfies Command['flags']

/** Flags of the commands that copy rows from a database. */
const ROWS = {
  tables: { kind: 'list', value: '<table>', summary: 'these tables; required' },
  key: {
    kind: 'list',
    value: '<table=column,…>',
    summary: 'the natural key of a table that no set names',
  },
  sensitive: {
    kind: 'list',
    value: '<table.column>',
    summary: 'refuse to copy these columns, like `sensitive` in a set',
  },
  omit: { kind: 'list', value: '<table.column>', summary: 'omit these columns' },
  set: { kind: 'list', value: '<name>', summary: 'the set to write to' },
  as: {
    kind: 'choice',
    value: '<form>',
    choices: ['csv', 'ndjson', 'json'],
    summary: 'format of new data files: csv (default), ndjson, json',
  },
} as const satisfies Command['flags']

/** Commands for seed sets. */
export const SEED: readonly Command[] = [
  {
    name: 'seed run',
    topic: TOPIC,
    group: 'deploy',
    summary: 'load the sets of the environment',
    details:
      'Loads each set in one transaction, with COPY and one merge per table. A second run writes nothing. Refuses a set that is ' +
      'older than the version in the database.',
    positionals: [],
    flags: { ...SET, ...DRY_RUN },
    examples: [
      { command: 'slipway seed run', what: 'the sets of the environment' },
      { command: 'slipway seed run --set plans --dry-run', what: 'what one set would write' },
    ],
    exitCodes: {
      0: 'done, or nothing to do',
      2: COULD_NOT,
      3: 'you declined',
      4: 'the database has a newer version of a set',
    },
    load: async () => (await import('../commands/seed.ts')).seedRun,
  },
  {
    name: 'seed status',
    topic: TOPIC,
    group: 'deploy',
    summary: 'compare the sets with those that ran here',
    details: 'Compares the versions and texts of the sets with the ledger. Reads no rows.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway seed status --env production', what: 'which sets ran there' }],
    exitCodes: { 0: 'status shown', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/seed.ts')).seedStatus,
  },
  {
    name: 'seed verify',
    topic: TOPIC,
    group: 'deploy',
    summary: 'compare every row with the sets',
    details: 'Compares every row of the sets with the database. Changes nothing.',
    positionals: [],
    flags: SET,
    examples: [
      {
        command: 'slipway seed verify --env production',
        what: 'check that all rows exist and are equal',
      },
    ],
    exitCodes: {
      0: 'all rows exist and are equal',
      2: COULD_NOT,
      4: 'rows differ from the seeds',
    },
    interruptible: true,
    load: async () => (await import('../commands/seed.ts')).seedVerify,
  },
  {
    name: 'seed sync',
    topic: TOPIC,
    group: 'deploy',
    summary: 'copy rows from one environment to another',
    details:
      'Makes the rows of tables equal to those of another environment, by natural key, in one transaction, and shows ' +
      'the changes. Rows that exist only in the target stay, unless you pass --delete.',
    positionals: [],
    flags: {
      from: {
        kind: 'text',
        value: '<env>',
        connection: true,
        summary: 'source of the rows: an environment or a connection string; required',
      },
      to: {
        kind: 'text',
        value: '<env>',
        connection: true,
        summary: 'database to write to; default: the usual target',
      },
      ...ROWS,
      delete: { kind: 'switch', summary: 'delete rows that exist only in the target' },
      write: { kind: 'switch', summary: 'also write the rows to the data files' },
      ...DRY_RUN,
    },
    examples: [
      {
        command: 'slipway seed sync --from staging --to development --tables plans --dry-run',
        what: 'see how a table differs',
      },
    ],
    exitCodes: { 0: 'done, or nothing to do', 2: COULD_NOT, 3: 'you declined' },
    load: async () => (await import('../commands/seed-sync.ts')).seedSync,
  },
  {
    name: 'seed export',
    topic: TOPIC,
    group: 'deploy',
    summary: 'write rows to the data files of a set',
    details:
      'Writes the rows of tables to the data files of the sets that have them, or of a new set. Changes no database.',
    positionals: [],
    flags: { ...ROWS, ...DRY_RUN },
    examples: [
      {
        command: 'slipway seed export --env staging --tables carriers,plans --set core',
        what: 'rows as files, for review',
      },
    ],
    exitCodes: { 0: 'written, or nothing to write', 2: COULD_NOT },
    load: async () => (await import('../commands/seed-export.ts')).seedExport,
  },
]
