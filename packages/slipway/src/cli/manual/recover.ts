import type { Command, Topic } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const KEPT: Topic = {
  name: 'kept',
  group: 'recover',
  summary: 'list, restore and drop kept data',
  details:
    'A deploy keeps the data that its statements destroy: tables, columns, rows. A rollback restores it; these ' +
    'commands list kept data, restore one entry, and drop old data.',
}

/** Commands that roll back and resolve. */
export const RECOVER: readonly Command[] = [
  {
    name: 'rollback',
    group: 'recover',
    summary: 'roll back the last migrations',
    details:
      'Runs the down.sql of the last migrations, newest first. If a migration has none, Slipway writes one from the ' +
      'schemas before and after it. It tests the down migration on a shadow database, runs it in one transaction with the ' +
      'history row, restores kept data, and compares the schema with the remaining history. Prisma then reports the migrations as pending.',
    positionals: [],
    flags: {
      steps: {
        kind: 'number',
        value: '<n>',
        min: 1,
        conflicts: ['to'],
        summary: 'number of migrations to roll back, at most those applied; default: 1',
      },
      to: {
        kind: 'text',
        value: '<migration>',
        summary: 'roll back all migrations after this one',
      },
      accept: {
        kind: 'list',
        value: '<id>',
        summary: 'accept a finding by name: unproven, unannounced',
      },
      fill: {
        kind: 'list',
        whole: true,
        value: '<table.column=value>',
        summary: 'value for rows written after the deploy, if a column is restored as NOT NULL',
      },
      'from-backup': {
        kind: 'switch',
        conflicts: ['steps', 'to', 'fill', 'accept'],
        summary: 'restore the backup that was made before the last migration instead',
      },
      'from-bookmark': {
        kind: 'switch',
        conflicts: ['steps', 'to', 'fill', 'accept', 'from-backup', 'identity'],
        summary: 'D1: restore the state before the deploy of the last migration with Time Travel',
      },
      identity: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'age key file that decrypts the backup; default: $SLIPWAY_BACKUP_IDENTITY',
      },
    },
    examples: [
      { command: 'slipway rollback', what: 'the last migration' },
      { command: 'slipway rollback --to 20260112093000_init', what: 'all but the first' },
      {
        command: 'slipway rollback --fill User.email=unknown',
        what: 'the last one; rows written after the deploy get this value',
      },
    ],
    exitCodes: {
      0: 'rolled back',
      2: COULD_NOT,
      3: 'you declined',
      4: 'the down migration does not restore the schema',
      5: 'a down migration failed and was rolled back',
      6: 'a down migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('../commands/rollback.ts')).rollback,
  },
  {
    name: 'kept list',
    topic: KEPT,
    group: 'recover',
    summary: 'list kept data, with its expiry',
    details: 'Lists the tables, columns and rows that deploys and rollbacks kept. Changes nothing.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway kept list', what: 'list kept data' }],
    exitCodes: { 0: 'listed', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/kept.ts')).keptList,
  },
  {
    name: 'kept restore',
    topic: KEPT,
    group: 'recover',
    summary: 'restore one entry of kept data',
    details:
      'Restores kept rows or values into their existing table or column. Existing rows stay.',
    positionals: [{ name: 'id', summary: 'its number in `kept list`', required: true }],
    flags: {},
    examples: [{ command: 'slipway kept restore 3', what: 'restore number 3' }],
    exitCodes: { 0: 'restored', 2: COULD_NOT, 3: 'you declined' },
    load: async () => (await import('../commands/kept.ts')).keptRestore,
  },
  {
    name: 'kept prune',
    topic: KEPT,
    group: 'recover',
    summary: 'drop kept data older than the retention period',
    details:
      'Drops kept data older than the retention period of the environment (`keep`; default: 7 days). On a protected target, ' +
      'dropping newer data must be confirmed with the database name.',
    positionals: [],
    flags: {
      'older-than': {
        kind: 'text',
        value: '<duration>',
        conflicts: ['all'],
        summary: 'data older than this, such as 12h or 30d',
      },
      all: { kind: 'switch', summary: 'all kept data' },
    },
    examples: [{ command: 'slipway kept prune --env production', what: 'in a nightly job' }],
    exitCodes: { 0: 'done', 2: COULD_NOT, 3: 'you declined' },
    load: async () => (await import('../commands/kept.ts')).keptPrune,
  },
  {
    name: 'repair',
    group: 'recover',
    summary: 'resolve a failed, edited or missing migration',
    details:
      'Compares the database with each state that a partially applied migration can leave, reports the state, ' +
      'and offers the actions that apply: finish, undo or mark the migration. Looks for edited and missing files in version ' +
      'control. Without a flag it changes nothing, unless you choose an option in a terminal. It never resets.',
    positionals: [{ name: 'migration', summary: 'which one, if several need a repair' }],
    flags: {
      finish: { kind: 'switch', summary: 'run the remaining statements' },
      from: {
        kind: 'number',
        value: '<n>',
        min: 1,
        summary: 'with --finish: the first statement to run',
      },
      undo: { kind: 'switch', summary: 'restore the schema as it was before the migration' },
      mark: {
        kind: 'choice',
        value: '<state>',
        choices: ['applied', 'rolled-back'],
        summary: 'record as applied or rolled-back, run nothing',
      },
      'accept-edit': { kind: 'switch', summary: 'record the current text of the file' },
      harmless: {
        kind: 'switch',
        summary: 'with --accept-edit: only if nothing but comments and white space changed',
      },
      'keep-one-row': {
        kind: 'switch',
        summary: 'keep one history row for a migration that has several',
      },
      accept: {
        kind: 'list',
        value: '<id>',
        summary: 'accept a finding by name: unannounced',
      },
    },
    examples: [
      { command: 'slipway repair', what: 'see what is wrong, and the options' },
      { command: 'slipway repair --undo', what: 'roll back the applied part' },
    ],
    exitCodes: {
      0: 'nothing is wrong, or it is resolved',
      2: COULD_NOT,
      3: 'you declined',
      4: 'a decision is needed, or the chosen one is not possible',
      6: 'a statement of the repair failed',
    },
    load: async () => (await import('../commands/repair.ts')).repair,
  },
]
