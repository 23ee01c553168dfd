export {
  appliedMigrations,
  appliedRows,
  detectDrift,
  type Drift,
  projectScope,
} from './drift-gate.ts'
export {
  type MigrationPlan,
  planMigration,
  planMigrations,
  withStatements,
} from './migration-plan.ts'
