export { createHealth, type Health, type HealthOptions } from './health.ts'
export type { CheckResult, HealthReport } from './report.ts'
export { migrationsIn, type MigrationsOptions } from './migrations.ts'
