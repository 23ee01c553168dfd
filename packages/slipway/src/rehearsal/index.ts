export { rehearsalFailures } from './failures.ts'
export { extensionsOf } from './history-key.ts'
export { rehearse, type Rehearsal, type RehearseOptions } from './rehearse.ts'
export { replay, type ReplayMigration } from './replay.ts'
export { fillToScale, type ScaledTable } from './scale.ts'
export {
  scratchLike,
  type ScratchOptions,
  withScratch,
  withScratchServer,
  withServerScratch,
} from './scratch.ts'
export { readShape, type ShapeReference, type ShapeTable } from './shape.ts'
export type { Trace } from './trace.ts'
