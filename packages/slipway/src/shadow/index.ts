export { shadowFailures } from './failures.ts'
export { shadowSchema } from './shadow-schema.ts'
export { type Filling, type RowStyle, emptyTables, fillTables } from './postgres/generated-rows.ts'
export { raiseRefusal, replay } from './replay.ts'
export { type ScaledTable, fillToScale } from './postgres/scale.ts'
export {
  type ShadowOptions,
  shadowLike,
  withServerShadowDatabase,
  withShadowDatabase,
  withShadowServer,
} from './shadow-database.ts'
export { type ShapeReference, type ShapeTable, readShape, relatedTables } from './shape.ts'
