export type {
  BackupConfig,
  BackupPolicy,
  EnvironmentBackupConfig,
  NotifyConfig,
  RetentionConfig,
  S3Config,
} from './backup-config.ts'
export { describeCodeError } from './code-error.ts'
export { loadConfigurationModule } from './configuration-module.ts'
export type { Connection } from './connection.ts'
export type { D1Config, D1Location, EnvironmentD1Config } from './d1-config.ts'
export { d1BindingOf } from './dialects.ts'
export { projectFailures } from './failures.ts'
export { git } from './git.ts'
export {
  compareNames,
  leadingNumber,
  migrationPaths,
  type MigrationPaths,
  type MigrationsFolder,
  type MigrationsLayout,
  proofPath,
} from './migration-layout.ts'
export { type MigrationFolder, readMigrations, type ReadMigrationsOptions } from './migrations.ts'
export {
  type LoadProjectOptions,
  loadProject,
  type Project,
  type ProjectFlags,
  type Setting,
} from './project.ts'
export { loadRules, type RuleModule } from './rules-module.ts'
export { type MappedBlock, type MappedName, schemaNames, type SchemaNames } from './schema-names.ts'
export type { Generator, ProjectSchema, ProjectSchemaFile } from './schema.ts'
export {
  defineConfig,
  type DeployConfig,
  type EnvironmentConfig,
  type SlipwayConfig,
} from './slipway-config.ts'
export { type ConfiguredEnvironment, stricterEnvironments } from './stricter-environments.ts'
export {
  type Policy,
  resolveTarget,
  type Target,
  type TargetRequest,
  USUAL_ENVIRONMENTS,
} from './target.ts'
export type { Overridden, Variable, Variables } from './variables.ts'
export {
  type D1Binding,
  findOtherWorkers,
  readWranglerConfig,
  type WranglerConfig,
} from './wrangler-config.ts'
export { shadowSetting, shadowTimeLimitMs } from './shadow.ts'
