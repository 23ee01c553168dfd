import { MODULE_FAILURES } from '../app/index.ts'
import type { FailureSpecs } from '../kernel/index.ts'
import { cliFailures } from './failures.ts'

/** The failures of every module, by the first part of their codes. */
export const CATALOGUES: Readonly<Record<string, () => Promise<FailureSpecs>>> = {
  ...MODULE_FAILURES,
  CLI: async () => cliFailures,
  TESTING: async () => (await import('../testing/index.ts')).testingFailures,
}
