export { shadowFailures } from './failures.ts'
export { shadowSchema } from './shadow-schema.ts'
export type { Filling, RowStyle } from './filling.ts'
export { emptyTables, fillTables } from './postgres/generated-rows.ts'
export { fillSqliteTables } from './sqlite/generated-rows.ts'
export { readSqliteShapes, type SqliteShape } from './sqlite/shape.ts'
export { raiseRefusal } from './replay.ts'
export { type ScaledTable, fillToScale } from './postgres/scale.ts'
export {
  replay,
  withServerShadowDatabase,
  withShadowDatabase,
  withShadowServer,
} from './dialects.ts'
export { type ShadowOptions, shadowLike } from './shadow-database.ts'
export { raiseSqliteRefusal } from './sqlite/replay.ts'
export { type ShapeReference, type ShapeTable, readShape, relatedTables } from './shape.ts'
