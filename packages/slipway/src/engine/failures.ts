import { type FailureSpecs, createRaise } from '../kernel/index.ts'

/** Failures of Prisma's schema engine, and of work with it. */
export const engineFailures = {
  'ENGINE.SCHEMA_INVALID': { title: 'The Prisma schema has an error' },
  'ENGINE.PROVIDER_UNSUPPORTED': {
    title: 'The Prisma schema is for a database that Slipway does not support',
  },
  'ENGINE.DATASOURCE_INVALID': { title: 'The --datasource of the engine is not valid' },
  'ENGINE.FAILED': { title: "Prisma's schema engine reported an error" },
  'ENGINE.PANICKED': { title: "Prisma's schema engine crashed" },
} as const satisfies FailureSpecs

export const raise = createRaise(engineFailures)
