import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** What can go wrong on a shadow database. */
export const shadowFailures = {
  'SHADOW.REPLAY_FAILED': {
    title: 'A migration fails when the history is replayed on a shadow database',
  },
  'SHADOW.EXTENSION_UNAVAILABLE': {
    title: 'The shadow database lacks an extension that the history needs',
  },
  'SHADOW.LIMIT_EXCEEDED': {
    title: 'SQL on a shadow database runs too long, or needs too much space',
  },
  'SHADOW.IS_TARGET': {
    title: 'The configured shadow database server is the server of the target',
  },
  'SHADOW.RIGHTS': {
    title: 'The role may not create databases on the shadow database server',
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof shadowFailures> = createRaise(shadowFailures)
