import type { Command } from './command.ts'
import { SHELLS } from './shells.ts'
import { FAIL_ON } from './threshold.ts'

const COULD_NOT = 'it could not begin: usage, configuration, connection'

const SEED_ACTIONS = ['run', 'status', 'verify', 'sync', 'export']
const KEPT_ACTIONS = ['list', 'restore', 'prune']

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

/** All commands, as `slipway --help` lists them. Their handlers are imported when they run. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    group: 'start',
    summary: 'write a commented slipway.config.ts',
    details:
      'Writes slipway.config.ts with every setting explained and commented out, and says what it found ' +
      'of the project. It changes nothing else, and never overwrites a file. Slipway works without one.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway init', what: 'write the file into the folder of the project' }],
    exitCodes: { 0: 'written', 2: 'there is one already, or the folder cannot be written to' },
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'doctor',
    group: 'start',
    summary: 'settings with their sources, and tests',
    details:
      'Shows each setting with the place that says so, and tests all that a deploy relies on: the ' +
      'connection, the server and its rights, a pooler, the clock, disks, pg_dump, Node, Prisma. Changes nothing.',
    positionals: [],
    flags: {},
    examples: [
      { command: 'slipway doctor', what: 'the target of this folder' },
      { command: 'slipway doctor --env production', what: 'before the first deploy to it' },
    ],
    exitCodes: { 0: 'nothing stands in the way', 2: COULD_NOT, 4: 'a deploy would fail' },
    interruptible: true,
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'baseline',
    group: 'start',
    summary: 'record what a database has already',
    details:
      'For a database that has tables and no history: runs the migrations on a scratch, finds the part of them ' +
      'whose catalog the database has, and records it as applied. A project without migrations gets its first one ' +
      'from the database with --write, proven on a scratch. Runs no migration on the database.',
    positionals: [],
    flags: {
      write: {
        kind: 'text',
        value: '<name>',
        conflicts: ['to', 'accept'],
        summary: 'make a migration of what the database has',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'the last one that the database has; found where absent',
      },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: drift' },
    },
    examples: [
      { command: 'slipway baseline --env production', what: 'before the first deploy to it' },
      { command: 'slipway baseline --write init', what: 'begin with the database' },
    ],
    exitCodes: {
      0: 'recorded',
      2: COULD_NOT,
      4: 'no part of the history gives what the database has',
    },
    load: async () => (await import('./commands/baseline.ts')).baseline,
  },
  {
    name: 'engine',
    group: 'start',
    summary: 'path of a schema engine for the Prisma CLI',
    details:
      'Prints the path of a program that answers for the schema engine which the Prisma CLI would ' +
      'download: for machines that cannot reach the download. Give the path to the Prisma CLI in ' +
      'PRISMA_SCHEMA_ENGINE_BINARY. Nothing but the path is on stdout.',
    positionals: [],
    flags: {},
    examples: [
      {
        command: 'PRISMA_SCHEMA_ENGINE_BINARY="$(slipway engine)" npx prisma migrate status',
        what: 'run the Prisma CLI on it',
      },
    ],
    exitCodes: { 0: 'printed' },
    load: async () => (await import('./commands/engine.ts')).engine,
  },
  {
    name: 'status',
    group: 'look',
    summary: 'what is applied, pending, failed, edited',
    details:
      'Compares the history of the target with the migrations of the project, as Prisma reads it. ' +
      'It changes nothing, and takes no lock.',
    positionals: [],
    flags: { 'exit-code': { kind: 'switch', summary: 'exit 4 when migrations are pending, too' } },
    examples: [
      { command: 'slipway status', what: 'the database of the project' },
      { command: 'slipway status --env production --json', what: 'for a script' },
    ],
    exitCodes: {
      0: 'read',
      2: COULD_NOT,
      4: 'failed, edited, missing or diverged; pending with --exit-code',
    },
    interruptible: true,
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'drift',
    group: 'look',
    summary: 'what differs from the history, by object',
    details:
      'Replays the applied migrations on a scratch and compares its catalog with the target: names each ' +
      'object that differs, and gives the SQL both ways. Changes nothing and takes no lock, unless --write ' +
      'makes a migration of what the target has, and marks it as applied there.',
    positionals: [],
    flags: {
      write: { kind: 'text', value: '<name>', summary: 'make a migration of the drift' },
    },
    examples: [
      { command: 'slipway drift --env production --format github', what: 'as a gate in CI' },
      { command: 'slipway drift --write index_orders_by_note', what: 'keep what was done by hand' },
    ],
    exitCodes: {
      0: 'no drift, or it is a migration now',
      2: COULD_NOT,
      4: 'drift, or nothing to compare with',
    },
    interruptible: true,
    load: async () => (await import('./commands/drift.ts')).drift,
  },
  {
    name: 'plan',
    group: 'look',
    summary: 'what a deploy would do here, step by step',
    details:
      'Looks at the target and lists the statements of the pending migrations: what each locks, the rows of that ' +
      'table, what it does with them, about how long it takes, what it destroys. Names the hazards by the sizes ' +
      'that the tables have, and asks the rows what a deploy would ask. Changes nothing, and takes no lock of the ' +
      'database. A plan that is written with --out can be approved: `deploy --plan` runs it, or nothing.',
    positionals: [],
    flags: {
      out: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'write the plan, for deploy --plan',
      },
      ...FAIL_ON,
    },
    examples: [
      { command: 'slipway plan --env production', what: 'before a deploy' },
      { command: 'slipway plan --env production --out plan.json', what: 'to have it approved' },
    ],
    exitCodes: {
      0: 'nothing at or above the threshold, or nothing is pending',
      2: COULD_NOT,
      4: 'hazards, or rows that would make a statement fail',
    },
    interruptible: true,
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'create',
    group: 'change',
    summary: 'write a migration and its way back',
    details:
      'Writes the migration from the history to schema.prisma as Prisma would, and beside it a down.sql ' +
      'that was run on a scratch. A drop beside an add of a like type may be a rename: it asks, or wants ' +
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
    load: async () => (await import('./commands/create.ts')).create,
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
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  {
    name: 'check',
    group: 'change',
    summary: 'rehearse migrations: up, down, up again',
    details:
      'Runs each migration on a scratch that holds the history before it and rows made up for its tables: up, ' +
      'down, and up again, with catalogs and rows compared. Grades the way back, and says what was locked, ' +
      'rewritten and read. Checks the last migration where none is named. Touches no target. With --load it also ' +
      'runs each on a scratch server with many rows, as a deploy does, beside point reads, point writes and a long ' +
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
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'fix',
    group: 'change',
    summary: 'rewrite migrations into their safe form',
    details:
      'Rewrites what locks a filled table for long: indexes become concurrent, constraints are validated by ' +
      'themselves, keys take over an index, UPDATE runs in batches. Shows what changes, and runs both forms on a ' +
      'scratch: one that gives another schema is refused. Fixes the last migration where none is named. Touches ' +
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
    load: async () => (await import('./commands/fix.ts')).fix,
  },
  {
    name: 'squash',
    group: 'change',
    summary: 'replace old migrations by one, proven equal',
    details:
      'Makes one migration of all, or of a range: from the catalog that they leave, with the rows that they wrote. ' +
      'Runs both histories on scratches, and compares objects, rows and sequences. Shows what it found; --write ' +
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
    load: async () => (await import('./commands/squash.ts')).squash,
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
    load: async () => (await import('./commands/reset.ts')).reset,
  },
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
    load: async () => (await import('./commands/deploy.ts')).deploy,
  },
  {
    name: 'rollback',
    group: 'recover',
    summary: 'take the last migrations back',
    details:
      'Runs the down.sql of the last migrations, the newest first; where there is none it writes one from the ' +
      'catalogs before and after. The way back is rehearsed on a scratch first, then run in one transaction with the ' +
      'history row, and the catalog is compared with that of the history that stays. Prisma then sees them as pending.',
    positionals: [],
    flags: {
      steps: {
        kind: 'number',
        value: '<n>',
        min: 1,
        conflicts: ['to'],
        summary: 'how many; one where absent',
      },
      to: { kind: 'text', value: '<migration>', summary: 'take back all that came after this one' },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: unproven' },
    },
    examples: [
      { command: 'slipway rollback', what: 'the last migration' },
      { command: 'slipway rollback --to 20260112093000_init', what: 'all but the first' },
    ],
    exitCodes: {
      0: 'taken back',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'the way back does not bring the schema back',
      5: 'it failed, and left nothing behind',
      6: 'it stopped in the middle',
    },
    load: async () => (await import('./commands/rollback.ts')).rollback,
  },
  {
    name: 'kept',
    group: 'recover',
    summary: 'what deploys destroyed and is still there',
    details:
      'A deploy keeps what its statements destroy: tables, columns, rows. `list` shows it; `restore` puts one of ' +
      'them back into the table or column that stands, and leaves the rows that are there; `prune` drops for good ' +
      'what is older than the retention of the environment (`keep`, 7 days where absent). A rollback puts back by itself.',
    positionals: [
      { name: 'action', summary: 'list, restore or prune', required: true, choices: KEPT_ACTIONS },
      { name: 'id', summary: 'with restore: the number that list shows' },
    ],
    flags: {
      'older-than': {
        kind: 'text',
        value: '<duration>',
        conflicts: ['all'],
        summary: 'with prune: older than this, such as 12h or 30d',
      },
      all: { kind: 'switch', summary: 'with prune: all of it' },
    },
    examples: [
      { command: 'slipway kept list', what: 'see what is kept' },
      { command: 'slipway kept prune --env production', what: 'in a nightly job' },
    ],
    exitCodes: { 0: 'done', 2: COULD_NOT, 3: 'the person declined' },
    load: async () => (await import('./commands/kept.ts')).kept,
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
        summary: 'say what would be written, and take it back',
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
    load: async () => (await import('./commands/seed.ts')).seed,
  },
  {
    name: 'repair',
    group: 'recover',
    summary: 'resolve a failed, edited or missing migration',
    details:
      'Compares the database with each state that a half-applied migration can have left, says which it ' +
      'is, and offers what fits: finish it, undo it, mark it. Looks for edited and missing files in version ' +
      'control. Without a flag it changes nothing, unless a person chooses. It never resets.',
    positionals: [{ name: 'migration', summary: 'which one, where more than one is broken' }],
    flags: {
      finish: { kind: 'switch', summary: 'run what did not run' },
      from: {
        kind: 'number',
        value: '<n>',
        min: 1,
        summary: 'with --finish: the first statement to run',
      },
      undo: { kind: 'switch', summary: 'bring the schema back to the state before' },
      mark: {
        kind: 'choice',
        value: '<state>',
        choices: ['applied', 'rolled-back'],
        summary: 'record applied or rolled-back, run nothing',
      },
      'accept-edit': { kind: 'switch', summary: 'record the text that the file has now' },
      harmless: { kind: 'switch', summary: 'with --accept-edit: comments and white space alone' },
    },
    examples: [
      { command: 'slipway repair', what: 'see what is wrong, and what can be done' },
      { command: 'slipway repair --undo', what: 'take back what stands of it' },
    ],
    exitCodes: {
      0: 'nothing is wrong, or it is resolved',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'something is wrong and nothing was decided; or the decision does not fit',
      6: 'a statement of the repair failed',
    },
    load: async () => (await import('./commands/repair.ts')).repair,
  },
  {
    name: 'completion',
    group: 'help',
    summary: 'completion script for a shell',
    details: 'Prints a script that completes commands, flags and their values in the shell.',
    positionals: [{ name: 'shell', summary: SHELLS.join(', '), required: true, choices: SHELLS }],
    flags: {},
    examples: [
      { command: 'source <(slipway completion bash)', what: 'in ~/.bashrc' },
      { command: 'source <(slipway completion zsh)', what: 'in ~/.zshrc, after compinit' },
      { command: 'slipway completion fish | source', what: 'in config.fish' },
    ],
    exitCodes: { 0: 'printed', 2: 'a shell that there is no script for' },
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'help',
    group: 'help',
    summary: 'flags, examples and exit codes of a command',
    details: 'Shows all commands on one screen, or one command in full.',
    positionals: [{ name: 'command', summary: 'name of a command' }],
    flags: {},
    examples: [{ command: 'slipway help deploy', what: 'the same as slipway deploy --help' }],
    exitCodes: { 0: 'shown', 2: 'there is no such command' },
    load: async () => (await import('./commands/help.ts')).helpCommand,
  },
]
