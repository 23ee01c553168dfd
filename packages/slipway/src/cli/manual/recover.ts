import type { Command, Topic } from '../command.ts'
import { COULD_NOT } from './could-not.ts'

const KEPT: Topic = {
  name: 'kept',
  group: 'recover',
  summary: 'what deploys destroyed and kept',
  details:
    'A deploy keeps what its statements destroy: tables, columns, rows. A rollback puts them back by itself; these ' +
    'commands show them, put one back, and drop what is too old.',
}

/** Commands that roll back and resolve. */
export const RECOVER: readonly Command[] = [
  {
    name: 'rollback',
    group: 'recover',
    summary: 'roll the last migrations back',
    details:
      'Runs the down.sql of the last migrations, the newest first; where there is none it writes one from the ' +
      'catalogs before and after. The down migration is tested on a shadow database first, then run in one transaction with the ' +
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
      to: { kind: 'text', value: '<migration>', summary: 'roll back all that came after this one' },
      accept: { kind: 'list', value: '<id>', summary: 'accept a finding by name: unproven' },
    },
    examples: [
      { command: 'slipway rollback', what: 'the last migration' },
      { command: 'slipway rollback --to 20260112093000_init', what: 'all but the first' },
    ],
    exitCodes: {
      0: 'rolled back',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'the down migration does not bring the schema back',
      5: 'it failed, and left nothing behind',
      6: 'it stopped in the middle',
    },
    load: async () => (await import('../commands/rollback.ts')).rollback,
  },
  {
    name: 'kept list',
    topic: KEPT,
    group: 'recover',
    summary: 'what is kept, and until when',
    details: 'Lists the tables, columns and rows that deploys and rollbacks kept. Changes nothing.',
    positionals: [],
    flags: {},
    examples: [{ command: 'slipway kept list', what: 'see what is kept' }],
    exitCodes: { 0: 'listed', 2: COULD_NOT },
    interruptible: true,
    load: async () => (await import('../commands/kept.ts')).keptList,
  },
  {
    name: 'kept restore',
    topic: KEPT,
    group: 'recover',
    summary: 'put one of them back',
    details:
      'Puts one of them back into the table or column that is there. Rows that are there stay.',
    positionals: [{ name: 'id', summary: 'the number that `kept list` shows', required: true }],
    flags: {},
    examples: [{ command: 'slipway kept restore 3', what: 'put number 3 back' }],
    exitCodes: { 0: 'restored', 2: COULD_NOT, 3: 'the person declined' },
    load: async () => (await import('../commands/kept.ts')).keptRestore,
  },
  {
    name: 'kept prune',
    topic: KEPT,
    group: 'recover',
    summary: 'drop for good what is older than its retention',
    details:
      'Drops what is older than the retention of the environment (`keep`, 7 days where absent). Dropping more than that on a ' +
      'protected target needs consent by the name of the database.',
    positionals: [],
    flags: {
      'older-than': {
        kind: 'text',
        value: '<duration>',
        conflicts: ['all'],
        summary: 'older than this, such as 12h or 30d',
      },
      all: { kind: 'switch', summary: 'all of it' },
    },
    examples: [{ command: 'slipway kept prune --env production', what: 'in a nightly job' }],
    exitCodes: { 0: 'done', 2: COULD_NOT, 3: 'the person declined' },
    load: async () => (await import('../commands/kept.ts')).keptPrune,
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
      { command: 'slipway repair --undo', what: 'roll back what stands of it' },
    ],
    exitCodes: {
      0: 'nothing is wrong, or it is resolved',
      2: COULD_NOT,
      3: 'the person declined',
      4: 'something is wrong and nothing was decided; or the decision does not fit',
      6: 'a statement of the repair failed',
    },
    load: async () => (await import('../commands/repair.ts')).repair,
  },
]
