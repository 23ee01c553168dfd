import { describe, test } from 'vitest'
import { postgresBin } from './postgres.ts'

/**
 * Whether psql, pg_dump and pg_restore of the test server's version are missing, as they are in the builds from
 * npm. Only then are tests that need them skipped; `global-setup.ts` says so.
 */
export const lacksPrograms = postgresBin() === undefined

/** `test` for a test that needs psql, pg_dump or pg_restore. */
export const testWithPrograms = test.skipIf(lacksPrograms)

/** `describe` for tests that need psql, pg_dump or pg_restore. */
export const describeWithPrograms = describe.skipIf(lacksPrograms)
