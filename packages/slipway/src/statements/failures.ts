import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can be wrong with a migration's file. */
export const statementsFailures = {
  'STATEMENTS.SYNTAX': { title: 'The SQL of a migration does not parse' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof statementsFailures> = createRaise(statementsFailures)
