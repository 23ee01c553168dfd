import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** Failures of `check` and `fix`. */
export const checkFailures = {
  'CHECK.FIX_DIFFERS': { title: 'The rewritten migration produces a different schema', exit: 4 },
  'CHECK.LOAD_NEEDS_SERVER': { title: 'A load test needs a server, not the embedded database' },
  'CHECK.LOAD_NOT_SUPPORTED': { title: 'Migrations of this database have no load test' },
  'CHECK.UNKNOWN_MIGRATION': { title: 'There is no migration with that name' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof checkFailures> = createRaise(checkFailures)
