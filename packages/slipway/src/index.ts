export {
  type Action,
  type Context,
  defineRules,
  type Finding,
  type ObjectName,
  type Rule,
  type Severity,
} from './hazards/index.ts'
export type { Event, Failure, NextAction, Place, Result, ServerError } from './kernel/index.ts'
export {
  type BackupPolicy,
  defineConfig,
  type DeployConfig,
  type EnvironmentConfig,
  type SlipwayConfig,
} from './project/index.ts'
export {
  defineSeed,
  type OwnerMode,
  type SeedDefinition,
  type SeedRow,
  type SeedRows,
  type SeedTable,
  type SeedValue,
} from './seeds/index.ts'
