import type { Command } from '../command.ts'
import { FAIL_ON } from '../threshold.ts'
import { COULD_NOT } from './could-not.ts'

/** Flags of the commands that run seed sets after migrations. */
const SEEDING = {
  'no-seed': { kind: 'switch', summary: 'do not run the seed sets of the environment' },
} as const satisfies Command['flags']

/** Flags of the commands that write a migration. */
const WRITING = {
  rename: {
    kind: 'list',
    value: '<old=new>',
    summary: 'treat as a rename: User.name=fullName, Old=New, Enum.A=B',
  },
  'no-rename': { kind: 'switch', summary: 'treat everything else as a drop and an addition' },
} as const satisfies Command['flags']

/** Commands that write and test migrations. */
export const CHANGE: readonly Command[] = [
  {
    name: 'create',
    group: 'change',
    summary: 'write a migration and its down migration',
    details:
      'Writes the migration that Prisma would write for schema.prisma, and a down.sql that Slipway ' +
      'tests on a shadow database. A drop and an addition of the same type may be a rename: Slipway asks, or needs ' +
      '--rename or --no-rename. It never drops objects that the schema language cannot express. Does not touch any target.',
    positionals: [
      { name: 'name', summary: 'what the migration does, in one or two words', required: true },
    ],
    flags: {
      ...WRITING,
      empty: { kind: 'switch', summary: 'write a migration even if the schema has not changed' },
    },
    examples: [
      { command: 'slipway create add_rating', what: 'after an edit of schema.prisma' },
      {
        command: 'slipway create full_name --rename User.name=fullName',
        what: 'a renamed field keeps its data',
      },
    ],
    exitCodes: { 0: 'written, or nothing to write', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/create.ts')).create,
  },
  {
    name: 'dev',
    group: 'change',
    summary: 'create, deploy, generate the client, seed',
    details:
      'If the schema has changed, writes a migration as create does. Then applies pending migrations as deploy ' +
      'does, generates the client, and runs the seed sets of the environment.',
    positionals: [
      { name: 'name', summary: 'name of the migration; default: derived from the change' },
    ],
    flags: {
      ...WRITING,
      empty: { kind: 'switch', summary: 'write a migration even if the schema has not changed' },
      ...SEEDING,
    },
    examples: [{ command: 'slipway dev add_rating', what: 'after an edit of schema.prisma' }],
    exitCodes: {
      0: 'schema, migrations, database and client match',
      2: `${COULD_NOT}; if a seed fails, the migrations stay applied`,
      3: 'you declined',
      4: 'drift, a failed pre-check, a failed verification, or newer seeds in the database',
      5: 'a migration failed and was rolled back',
      6: 'a migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('../commands/dev.ts')).dev,
  },
  {
    name: 'check',
    group: 'change',
    summary: 'test migrations: up, down, up again',
    details:
      'Runs each migration up, down and up again on a shadow database with the earlier migrations and generated rows. ' +
      'Compares schemas and rows, grades the down migration, and reports what was locked, ' +
      'rewritten and read. Without a name it checks the last migration. Does not touch any target. With --load it also ' +
      'runs each migration on a shadow database with many rows, as a deploy does, while point reads, point writes and a ' +
      'long-running reader run, and reports how long they waited. For this it reads the table sizes from the target.',
    positionals: [
      { name: 'migration', summary: 'its name, or the last part of it', repeated: true },
    ],
    flags: {
      all: { kind: 'switch', summary: 'check every migration' },
      static: {
        kind: 'switch',
        conflicts: ['load'],
        summary: 'look for hazards without running the migrations',
      },
      load: { kind: 'switch', summary: 'measure how long queries wait during each migration' },
      rows: {
        kind: 'number',
        value: '<n>',
        min: 1,
        conflicts: ['factor'],
        summary: 'with --load: rows per affected table, instead of the number on the target',
      },
      factor: {
        kind: 'number',
        value: '<n>',
        min: 1,
        summary: 'with --load: multiply the row counts of the target by n',
      },
      deadline: {
        kind: 'text',
        value: '<duration>',
        summary: 'with --load: time limit per migration; default: 5min',
      },
      save: { kind: 'switch', summary: 'write each proof next to its migration, as proof.json' },
      html: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'write an HTML report',
      },
      ...FAIL_ON,
    },
    examples: [
      { command: 'slipway check', what: 'the newest migration' },
      { command: 'slipway check --all --format github', what: 'in CI' },
      {
        command: 'slipway check --load --rows 1000000',
        what: 'measure how long queries wait during the migration',
      },
    ],
    exitCodes: { 0: 'nothing at or above the threshold', 2: COULD_NOT, 4: 'findings' },
    interruptible: true,
    load: async () => (await import('../commands/check.ts')).check,
  },
  {
    name: 'fix',
    group: 'change',
    summary: 'rewrite migrations into their safe form',
    details:
      'Rewrites statements that lock a table with rows for long: builds indexes concurrently, validates constraints ' +
      'separately, adds keys that use an existing index, runs UPDATE in batches. Shows the changes, and runs both forms on ' +
      'shadow databases: it refuses a form that produces a different schema. Without a name it fixes the last migration. ' +
      'Does not touch any target. A target that already has the migration reports it as edited.',
    positionals: [
      { name: 'migration', summary: 'its name, or the last part of it', repeated: true },
    ],
    flags: {
      all: { kind: 'switch', summary: 'fix every migration' },
      write: { kind: 'switch', summary: 'write the files' },
    },
    examples: [
      { command: 'slipway fix', what: 'show what would change in the newest migration' },
      { command: 'slipway fix --write', what: 'write the files' },
    ],
    exitCodes: {
      0: 'nothing to rewrite, or written',
      2: COULD_NOT,
      4: 'there is something to rewrite',
    },
    interruptible: true,
    load: async () => (await import('../commands/fix.ts')).fix,
  },
  {
    name: 'squash',
    group: 'change',
    summary: 'replace old migrations with a proven equivalent',
    details:
      'Writes one migration that replaces all migrations, or a range of them, from the schema and the rows that they produce. ' +
      'Runs both histories on shadow databases, and compares objects, rows and sequences. Shows the result; --write ' +
      'writes the folder and removes those that it replaces. A target that has them records the squash at its next deploy ' +
      'and runs nothing. Does not touch any target.',
    positionals: [{ name: 'name', summary: 'name of the new migration; default: `squashed`' }],
    flags: {
      from: {
        kind: 'text',
        value: '<migration>',
        summary: 'the first migration; default: the first of the project',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'the last migration; default: the last of the project',
      },
      write: {
        kind: 'switch',
        summary: 'write the squash, and remove the migrations that it replaces',
      },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: uncommitted' },
    },
    examples: [
      { command: 'slipway squash', what: 'see whether one migration can replace all' },
      {
        command: 'slipway squash --to 20260112093000_init --write',
        what: 'replace all migrations up to this one',
      },
    ],
    exitCodes: {
      0: 'proven equal, and written with --write',
      2: COULD_NOT,
      4: 'the histories differ, or --write must finish a squash that was interrupted',
    },
    interruptible: true,
    load: async () => (await import('../commands/squash.ts')).squash,
  },
  {
    name: 'reset',
    group: 'change',
    summary: 'empty a development database, deploy again, seed',
    details:
      "Drops the project's schemas with everything in them, and the data that deploys kept, after listing that data. Then deploys every " +
      'migration, and runs the seed sets of the environment. Works only on development, testing and embedded databases, and no flag ' +
      'overrides that. On a server, it needs --confirm.',
    positionals: [],
    flags: SEEDING,
    examples: [
      { command: 'slipway reset --env development --confirm shop_dev', what: 'without a terminal' },
    ],
    exitCodes: {
      0: 'emptied, deployed and seeded',
      2: `${COULD_NOT}; if a seed fails, the migrations stay applied`,
      3: 'you declined',
      5: 'a migration failed',
      6: 'a migration stopped in the middle',
    },
    load: async () => (await import('../commands/reset.ts')).reset,
  },
]
