import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What ends a squash. */
export const squashFailures = {
  'SQUASH.UNKNOWN_MIGRATION': { title: 'The project has no migration of that name' },
  'SQUASH.NOTHING': { title: 'Fewer than two migrations are to be squashed' },
  'SQUASH.NAME_UNFIT': { title: 'No folder name keeps the squash at its place' },
  'SQUASH.DIFFERS': {
    title: 'The squash does not give what the migrations give',
    exit: 4,
  },
  'SQUASH.UNCOMMITTED': { title: 'What a squash removes is not in version control' },
  'SQUASH.CHANGED': { title: 'A migration is not the one that the squash stands for' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof squashFailures> = raiserOf(squashFailures)
