import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** Failures of a project's test databases. */
export const testingFailures = {
  'TESTING.NOT_SUPPORTED': { title: 'Test databases need a project on PostgreSQL' },
  'TESTING.PROTECTED': { title: 'Tests may not use a protected database' },
  'TESTING.RIGHTS': { title: 'The role may not create databases for tests' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof testingFailures> = createRaise(testingFailures)
