import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures that stop a whole inspection. */
export const inspectFailures = {
  'INSPECT.NOT_SUPPORTED': { title: 'Databases of this kind cannot be inspected' },
  'INSPECT.NOTHING_READ': { title: 'No check of the inspection could read the database' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof inspectFailures> = createRaise(inspectFailures)
