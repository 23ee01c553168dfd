import type { Command } from '../command.ts'
import { COULD_NOT } from './could-not.ts'
import { SEED } from './seed.ts'

/** Commands that apply migrations and rows to a database. */
export const DEPLOY: readonly Command[] = [
  {
    name: 'deploy',
    group: 'deploy',
    summary: 'apply pending migrations under supervision',
    details:
      'Takes the lock that Prisma takes, compares the schema with the one that the history produces, looks for rows that ' +
      'would make a statement fail, and applies the pending migrations: each file in one ' +
      'transaction with its history row, or step by step with a journal if PostgreSQL requires it. Waits for a ' +
      'lock no longer than the lock timeout, lets other sessions continue, and retries until the deadline. The first Ctrl-C stops it at a safe point. It never creates a PostgreSQL database.',
    positionals: [],
    flags: {
      accept: {
        kind: 'list',
        value: '<id>',
        summary: 'accept findings: drift, pre-check, unannounced, or a hazard id',
      },
      plan: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'run exactly the plan in this file',
      },
      'no-keep': { kind: 'switch', summary: 'destroy data without keeping it' },
      identity: {
        kind: 'text',
        value: '<file>',
        completes: 'file',
        summary: 'age key file, if a backup is verified first; default: $SLIPWAY_BACKUP_IDENTITY',
      },
    },
    examples: [
      { command: 'slipway deploy', what: 'to the database of the project' },
      {
        command: 'slipway deploy --env production --confirm shop',
        what: 'if the migrations destroy data',
      },
      {
        command: 'slipway deploy --plan plan.json',
        what: 'run the approved plan, and nothing else',
      },
    ],
    exitCodes: {
      0: 'deployed, or nothing to deploy',
      2: COULD_NOT,
      3: 'you declined',
      4: 'drift, a failed pre-check, hazards, a changed plan, or a failed verification',
      5: 'a migration failed and was rolled back',
      6: 'a migration that runs step by step stopped in the middle',
    },
    load: async () => (await import('../commands/deploy.ts')).deploy,
  },
  ...SEED,
]
