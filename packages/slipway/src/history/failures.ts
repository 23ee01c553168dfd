import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can be wrong with a target's history. */
export const historyFailures = {
  'HISTORY.FAILED': { title: 'A migration failed on the target and was not resolved' },
  'HISTORY.EDITED': { title: 'A migration was edited after it was applied' },
  'HISTORY.MISSING': { title: 'The target has a migration that the project does not have' },
  'HISTORY.DIVERGED': {
    title: 'The target and the project each have migrations that the other lacks',
  },
  'HISTORY.SQUASHED_PARTLY': {
    title: 'The target has only some of the migrations that a squash replaces',
  },
  'HISTORY.SQUASH_UNFINISHED': {
    title: 'A squash exists alongside migrations that it replaces',
  },
  'HISTORY.NOT_EMPTY': { title: 'The target has tables, but no history' },
  'HISTORY.LEDGER_NEWER': { title: 'A newer Slipway wrote the ledger' },
  'HISTORY.LEDGER_ELSEWHERE': { title: 'The ledger is in another schema' },
  'HISTORY.LEDGER_SCHEMA': { title: 'The ledger needs a schema of its own' },
  'HISTORY.LEDGER_FORBIDDEN': { title: 'The role may not use the ledger of this database' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof historyFailures> = createRaise(historyFailures)
