import type { Command } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const SEED_ACTIONS = ['run', 'status', 'verify', 'sync', 'export']

/** Commands that bring migrations and rows to a database. */
export const DEPLOY: readonly Command[] = [
  {
    name: 'deploy',
    group: 'deploy',
    summary: 'apply pending migrations under supervision',
    details:
      'Takes the lock that Prisma takes, compares the catalog with what the history should have produced, asks ' +
      'the rows whether they would make a statement fail, and applies what is pending: each file in one ' +
      'transaction with its history row, or step by step with a journal where PostgreSQL demands it. Waits for a ' +
      'lock at most for the lock timeout, lets the others pass, and tries again until the deadline. The first Ctrl-C stops it where it is safe. It never creates a database.',
    positionals: [],
    flags: {
      accept: {
        kind: 'list',
        value: '<id>',
        summary: 'accept by name: drift, pre-check, the id of a hazard',
      },
      plan: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'run the plan that is in this file, or nothing',
      },
      'no-keep': { kind: 'switch', summary: 'destroy without keeping first' },
    },
    examples: [
      { command: 'slipway deploy', what: 'to the database of the project' },
      {
        command: 'slipway deploy --env production --confirm shop',
        what: 'where the migrations destroy data',
      },
      { command: 'slipway deploy --plan plan.json', what: 'what was approved, and nothing else' },
    ],
    exitCodes: {
      0: 'deployed, or nothing was pending',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'drift, rows in the way, hazards, another plan; or it is not as it should be afterwards',
      5: 'a migration failed, and left nothing behind',
      6: 'a migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('../commands/deploy.ts')).deploy,
  },
  {
    name: 'seed',
    group: 'deploy',
    summary: 'run, verify, sync and export reference data',
    details:
      'Seed sets stand in prisma/seeds: a TypeScript file with defineSeed each, or a folder with set.json and CSV, JSON, ' +
      'NDJSON or SQL. `run` loads those of the environment by COPY and one merge a table, each set in one transaction; a ' +
      'second run writes nothing. `status` compares the sets with what ran; `verify` compares every row. ' +
      '`sync` makes the rows of tables on one environment those of another, by their natural keys, in one transaction, ' +
      'and shows what changes; `export` writes them to the data files of a set.',
    positionals: [
      {
        name: 'action',
        summary: 'run, status, verify, sync or export',
        required: true,
        choices: SEED_ACTIONS,
      },
    ],
    flags: {
      set: {
        kind: 'list',
        value: '<name>',
        summary: 'these sets alone; with sync and export the set to write to',
      },
      'dry-run': {
        kind: 'switch',
        summary: 'say what would be written, and roll it back',
      },
      from: {
        kind: 'text',
        value: '<env>',
        summary: 'with sync: where the rows come from, an environment or a connection string',
      },
      to: {
        kind: 'text',
        value: '<env>',
        summary: 'with sync: where they go; the usual target where absent',
      },
      tables: { kind: 'list', value: '<table>', summary: 'with sync and export: these tables' },
      key: {
        kind: 'list',
        value: '<table=column,…>',
        summary: 'the natural key of a table that no set names',
      },
      delete: { kind: 'switch', summary: 'with sync: delete rows that only the target has' },
      write: { kind: 'switch', summary: 'with sync: write the rows to the data files too' },
      sensitive: {
        kind: 'list',
        value: '<table.column>',
        summary: 'refuse to copy these, as those that a set marks',
      },
      omit: { kind: 'list', value: '<table.column>', summary: 'leave these columns alone' },
      as: {
        kind: 'choice',
        value: '<form>',
        choices: ['csv', 'ndjson', 'json'],
        summary: 'the form of data files that are new; csv where absent',
      },
    },
    examples: [
      { command: 'slipway seed run', what: 'the sets of the environment' },
      { command: 'slipway seed run --set plans --dry-run', what: 'what one set would write' },
      {
        command: 'slipway seed verify --env production',
        what: 'whether all rows are there and equal',
      },
      {
        command: 'slipway seed sync --from staging --to development --tables plans --dry-run',
        what: 'in what a table differs',
      },
      {
        command: 'slipway seed export --env staging --tables carriers,plans --set core',
        what: 'rows as files, for review',
      },
    ],
    exitCodes: {
      0: 'done, or nothing to do',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'rows differ from the seeds, or the database is newer',
    },
    load: async () => (await import('../commands/seed.ts')).seed,
  },
]
