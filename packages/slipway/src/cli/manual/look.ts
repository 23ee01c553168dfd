import type { Command } from '../command.ts'
import { FAIL_ON } from '../threshold.ts'
import { COULD_NOT } from './could-not.ts'

/** Commands that only read, except `drift --write`. */
export const LOOK: readonly Command[] = [
  {
    name: 'status',
    group: 'look',
    summary: 'show applied, pending, failed, edited migrations',
    details:
      'Compares the history of the target with the migrations of the project, as Prisma does. ' +
      'It changes nothing, and takes no lock.',
    positionals: [],
    flags: { 'exit-code': { kind: 'switch', summary: 'also exit 4 if migrations are pending' } },
    examples: [
      { command: 'slipway status', what: 'the database of the project' },
      { command: 'slipway status --env production --json', what: 'for a script' },
    ],
    exitCodes: {
      0: 'status shown',
      2: COULD_NOT,
      4: 'failed, edited, missing or diverged; pending with --exit-code',
    },
    interruptible: true,
    load: async () => (await import('../commands/status.ts')).status,
  },
  {
    name: 'drift',
    group: 'look',
    summary: 'show what differs from the history, by object',
    details:
      'Replays the applied migrations on a shadow database and compares its schema with the target. Names each ' +
      'object that differs, and shows SQL for both directions. Changes nothing and takes no lock, unless --write ' +
      'writes a migration from the drift and marks it as applied on the target.',
    positionals: [],
    flags: {
      write: { kind: 'text', value: '<name>', summary: 'write a migration from the drift' },
    },
    examples: [
      { command: 'slipway drift --env production --format github', what: 'as a gate in CI' },
      { command: 'slipway drift --write index_orders_by_note', what: 'keep a manual change' },
    ],
    exitCodes: {
      0: 'no drift, or a migration was written',
      2: COULD_NOT,
      4: 'drift, or nothing to compare with',
    },
    interruptible: true,
    load: async () => (await import('../commands/drift.ts')).drift,
  },
  {
    name: 'plan',
    group: 'look',
    summary: 'show what a deploy would do here, step by step',
    details:
      'Lists the statements of the pending migrations with the lock that each takes, the size of the table, ' +
      'the work it does, its estimated duration, and the data it destroys. Rates hazards by table size, ' +
      'and runs the pre-checks of a deploy. Changes nothing, and does not take the deploy ' +
      'lock. A plan that is written with --out can be approved: `deploy --plan` runs exactly that plan, or nothing.',
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
      { command: 'slipway plan --env production --out plan.json', what: 'for an approval' },
    ],
    exitCodes: {
      0: 'nothing at or above the threshold, or nothing is pending',
      2: COULD_NOT,
      4: 'hazards, or rows that would make a statement fail',
    },
    interruptible: true,
    load: async () => (await import('../commands/plan.ts')).plan,
  },
  {
    name: 'inspect',
    group: 'look',
    summary: 'show health: slow queries, missing indexes, limits',
    details:
      'Reads the catalogs and statistics of the target, never rows, in read-only transactions and within a deadline. ' +
      'Reports slow statements by model and action, ' +
      'indexes that are missing, unused, duplicate or not valid, vacuum, bloat, transactions, locks, connections, ' +
      'sequences, wraparound, replication. Each finding has evidence and a recommendation. It also reports what the role is not ' +
      'allowed to read; a member of pg_monitor can read everything.',
    positionals: [],
    flags: {
      try: {
        kind: 'switch',
        conflicts: ['watch', 'prometheus'],
        summary: 'prove missing indexes on a shadow database with rows',
      },
      deadline: {
        kind: 'text',
        value: '<duration>',
        summary: 'time limit for reading the target; default: 30s',
      },
      watch: {
        kind: 'number',
        value: '<seconds>',
        min: 1,
        conflicts: ['prometheus'],
        summary: 'refresh the report every <seconds> seconds until Ctrl-C',
      },
      prometheus: {
        kind: 'switch',
        summary: 'print the measured values for Prometheus',
      },
      ...FAIL_ON,
    },
    examples: [
      { command: 'slipway inspect --env production', what: 'once a week, or when it is slow' },
      { command: 'slipway inspect --try', what: 'what a missing index would save' },
      { command: 'slipway inspect --env production --watch 5', what: 'during an incident' },
      { command: 'slipway inspect --prometheus --fail-on never', what: 'for a monitoring system' },
    ],
    exitCodes: {
      0: 'nothing at or above the threshold',
      2: COULD_NOT,
      4: 'findings at or above the threshold',
    },
    interruptible: true,
    load: async () => (await import('../commands/inspect.ts')).inspect,
  },
]
