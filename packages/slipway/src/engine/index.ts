export { lockFileText } from './dialects.ts'
export {
  type Engine,
  type EngineMigration,
  type EngineOptions,
  withEngine,
  type WithShadow,
} from './engine.ts'
export { engineFailures } from './failures.ts'
export {
  diffToSchema,
  type DiffToSchemaOptions,
  introspectSchema,
  type MigrationSql,
  schemaToSql,
  validateSchema,
} from './schema.ts'
export { hasPreviewFeature, listsExtensions, type SchemaFile } from './schema-file.ts'
export { engineProgramPath } from './program-path.ts'
