import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** Failures of a squash. */
export const squashFailures = {
  'SQUASH.UNKNOWN_MIGRATION': { title: 'The project has no migration with that name' },
  'SQUASH.NOT_SUPPORTED': { title: 'Migrations of this database cannot be squashed' },
  'SQUASH.NOTHING': { title: 'A squash needs at least two migrations' },
  'SQUASH.NAME_UNFIT': { title: 'No folder name would sort the squash correctly' },
  'SQUASH.DIFFERS': {
    title: 'The squash produces a different result from the migrations',
    exit: 4,
  },
  'SQUASH.UNCOMMITTED': {
    title: 'Migrations that a squash would remove are not in version control',
  },
  'SQUASH.CHANGED': { title: 'A migration differs from the one that the squash replaces' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof squashFailures> = createRaise(squashFailures)
