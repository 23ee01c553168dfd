export {
  appliedMigrations,
  appliedRows,
  detectDrift,
  type Drift,
  projectScope,
} from './drift-gate.ts'
export { type MigrationPlan, planMigration, planMigrations } from './migration-plan.ts'
