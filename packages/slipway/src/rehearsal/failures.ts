import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What can go wrong on a scratch. */
export const rehearsalFailures = {
  'REHEARSAL.REPLAY_FAILED': {
    title: 'A migration fails when the history is replayed on a scratch',
  },
  'REHEARSAL.EXTENSION_UNAVAILABLE': {
    title: 'The scratch lacks an extension that the history needs',
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof rehearsalFailures> = raiserOf(rehearsalFailures)
