import type { FailureSpecs } from '../kernel/index.ts'
import { appFailures } from './failures.ts'

/**
 * The failures of the modules that this one uses, by the first part of their codes. A module is imported
 * only when one of its failures is looked up, and the module that raised it is already loaded.
 */
export const MODULE_FAILURES: Readonly<Record<string, () => Promise<FailureSpecs>>> = {
  SCHEMA: async () => (await import('../schema/index.ts')).schemaFailures,
  APP: async () => appFailures,
  BACKUP: async () => (await import('../backup/index.ts')).backupFailures,
  CHECK: async () => (await import('../check/index.ts')).checkFailures,
  CREATE: async () => (await import('../create/index.ts')).createFailures,
  DATABASE: async () => (await import('../database/index.ts')).databaseFailures,
  DEPLOY: async () => (await import('../deploy/index.ts')).deployFailures,
  DRIFT: async () => (await import('../drift/index.ts')).driftFailures,
  ENGINE: async () => (await import('../engine/index.ts')).engineFailures,
  HAZARDS: async () => (await import('../hazards/index.ts')).hazardFailures,
  HISTORY: async () => (await import('../history/index.ts')).historyFailures,
  INSPECT: async () => (await import('../inspect/index.ts')).inspectFailures,
  STATEMENTS: async () => (await import('../statements/index.ts')).statementsFailures,
  SEEDS: async () => (await import('../seeds/index.ts')).seedFailures,
  SAFEKEEPING: async () => (await import('../safekeeping/index.ts')).safekeepingFailures,
  PROJECT: async () => (await import('../project/index.ts')).projectFailures,
  SHADOW: async () => (await import('../shadow/index.ts')).shadowFailures,
  REPAIR: async () => (await import('../repair/index.ts')).repairFailures,
  ROLLBACK: async () => (await import('../rollback/index.ts')).rollbackFailures,
  SQUASH: async () => (await import('../squash/index.ts')).squashFailures,
}
