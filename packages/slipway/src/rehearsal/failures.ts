import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What can go wrong on a scratch. */
export const rehearsalFailures = {
  'REHEARSAL.REPLAY_FAILED': {
    title: 'A migration fails when the history is replayed on a scratch',
  },
  'REHEARSAL.EXTENSION_UNAVAILABLE': {
    title: 'The scratch lacks an extension that the history needs',
  },
  'REHEARSAL.SCRATCH_IS_TARGET': {
    title: 'The scratch server of the configuration is that of the target',
  },
  'REHEARSAL.SCRATCH_RIGHTS': {
    title: 'The role may not create databases on the scratch server',
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof rehearsalFailures> = raiserOf(rehearsalFailures)
