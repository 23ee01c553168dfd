import type { Command } from '../command.ts'
import { COULD_NOT } from './could-not.ts'
import { SEED } from './seed.ts'

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
  ...SEED,
]
