import type { Command } from '../command.ts'
import { FAIL_ON } from '../threshold.ts'
import { COULD_NOT } from './could-not.ts'

/** Of commands that seed when their migrations are applied. */
const SEEDING = {
  'no-seed': { kind: 'switch', summary: 'leave the seed sets of the environment out' },
} as const satisfies Command['flags']

/** Flags of the commands that write a migration. */
const WRITING = {
  rename: {
    kind: 'list',
    value: '<old=new>',
    summary: 'a rename: User.name=fullName, Old=New, Enum.A=B',
  },
  'no-rename': { kind: 'switch', summary: 'what is not named in --rename is none' },
} as const satisfies Command['flags']

/** Commands that write and try migrations. */
export const CHANGE: readonly Command[] = [
  {
    name: 'create',
    group: 'change',
    summary: 'write a migration and its down migration',
    details:
      'Writes the migration from the history to schema.prisma as Prisma would, and beside it a down.sql ' +
      'that was run on a shadow database. A drop beside an add of a like type may be a rename: it asks, or wants ' +
      '--rename or --no-rename. What the schema language cannot express is never dropped. Touches no target.',
    positionals: [
      { name: 'name', summary: 'what the migration does, in a word or two', required: true },
    ],
    flags: {
      ...WRITING,
      empty: { kind: 'switch', summary: 'write one even where the schema is as it was' },
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
      'Writes a migration as create does where the schema asks for one, applies what is pending as deploy ' +
      'does, generates the client, and runs the seed sets of the environment.',
    positionals: [{ name: 'name', summary: 'of the migration; `change` where absent' }],
    flags: {
      ...WRITING,
      empty: { kind: 'switch', summary: 'write one even where the schema is as it was' },
      ...SEEDING,
    },
    examples: [{ command: 'slipway dev add_rating', what: 'after an edit of schema.prisma' }],
    exitCodes: {
      0: 'schema, migrations, database and client agree',
      2: `${COULD_NOT}; where a seed fails, the migrations stay applied`,
      3: 'the person declined',
      4: 'the database has drifted, rows are in the way, it is not as it should be afterwards, or its seeds are newer',
      5: 'a migration failed, and left nothing behind',
      6: 'a migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('../commands/dev.ts')).dev,
  },
  {
    name: 'check',
    group: 'change',
    summary: 'test migrations: up, down, up again',
    details:
      'Runs each migration on a shadow database that holds the history before it and rows made up for its tables: up, ' +
      'down, and up again, with catalogs and rows compared. Grades the down migration, and says what was locked, ' +
      'rewritten and read. Checks the last migration where none is named. Touches no target. With --load it also ' +
      'runs each on a shadow database server with many rows, as a deploy does, beside point reads, point writes and a long ' +
      'reader, and says how long those waited; of the target it then reads how big its tables are.',
    positionals: [{ name: 'migration', summary: 'its name, or the end of it', repeated: true }],
    flags: {
      all: { kind: 'switch', summary: 'check every migration' },
      static: {
        kind: 'switch',
        conflicts: ['load'],
        summary: 'judge the files without running them',
      },
      load: { kind: 'switch', summary: 'measure how long queries wait beside each migration' },
      rows: {
        kind: 'number',
        value: '<n>',
        min: 1,
        conflicts: ['factor'],
        summary: 'with --load: rows of each touched table, not those of the target',
      },
      factor: {
        kind: 'number',
        value: '<n>',
        min: 1,
        summary: 'with --load: as many times the rows of the target',
      },
      deadline: {
        kind: 'text',
        value: '<duration>',
        summary: 'with --load: the most that each may take (5min)',
      },
      save: { kind: 'switch', summary: 'write each proof beside its migration, as proof.json' },
      html: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'write a report to open in a browser',
      },
      ...FAIL_ON,
    },
    examples: [
      { command: 'slipway check', what: 'the newest migration' },
      { command: 'slipway check --all --format github', what: 'in CI' },
      {
        command: 'slipway check --load --rows 1000000',
        what: 'and how long queries wait beside it',
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
      'Rewrites what locks a filled table for long: indexes become concurrent, constraints are validated by ' +
      'themselves, keys take over an index, UPDATE runs in batches. Shows what changes, and runs both forms on a ' +
      'shadow: one that gives another schema is refused. Fixes the last migration where none is named. Touches ' +
      'no target: one that has the migration already calls it edited from then on.',
    positionals: [{ name: 'migration', summary: 'its name, or the end of it', repeated: true }],
    flags: {
      all: { kind: 'switch', summary: 'fix every migration' },
      write: { kind: 'switch', summary: 'write the files' },
    },
    examples: [
      { command: 'slipway fix', what: 'show what would change in the newest migration' },
      { command: 'slipway fix --write', what: 'write it' },
    ],
    exitCodes: { 0: 'nothing to rewrite, or written', 2: COULD_NOT, 4: 'something to rewrite' },
    interruptible: true,
    load: async () => (await import('../commands/fix.ts')).fix,
  },
  {
    name: 'squash',
    group: 'change',
    summary: 'replace old migrations by one, proven equal',
    details:
      'Makes one migration of all, or of a range: from the catalog that they leave, with the rows that they wrote. ' +
      'Runs both histories on shadow databases, and compares objects, rows and sequences. Shows what it found; --write ' +
      'writes the folder and removes those that it stands for. A target that has them records it by its next deploy ' +
      'and runs nothing. Touches no target.',
    positionals: [{ name: 'name', summary: 'of the new migration; `squashed` where absent' }],
    flags: {
      from: {
        kind: 'text',
        value: '<migration>',
        summary: 'the first one; that of the project where absent',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'the last one; that of the project where absent',
      },
      write: { kind: 'switch', summary: 'write it, and remove what it stands for' },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: uncommitted' },
    },
    examples: [
      { command: 'slipway squash', what: 'see whether one migration can stand for all' },
      {
        command: 'slipway squash --to 20260112093000_init --write',
        what: 'replace those up to this one',
      },
    ],
    exitCodes: {
      0: 'proven equal, and written where that was asked for',
      2: COULD_NOT,
      4: 'the histories differ; or a squash was cut off, and --write would finish it',
    },
    interruptible: true,
    load: async () => (await import('../commands/squash.ts')).squash,
  },
  {
    name: 'reset',
    group: 'change',
    summary: 'empty a development database, deploy again, seed',
    details:
      'Drops the schemas of the project with all that is in them, deploys every migration, and runs the seed sets of the environment. Works on ' +
      'development, testing and embedded databases alone, whatever the flags; a server needs --confirm.',
    positionals: [],
    flags: SEEDING,
    examples: [
      { command: 'slipway reset --env development --confirm shop_dev', what: 'without a terminal' },
    ],
    exitCodes: {
      0: 'empty, deployed and seeded',
      2: `${COULD_NOT}; where a seed fails, the migrations stay applied`,
      3: 'the person declined',
      5: 'a migration failed',
      6: 'a migration stopped in the middle',
    },
    load: async () => (await import('../commands/reset.ts')).reset,
  },
]
