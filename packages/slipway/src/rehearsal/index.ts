export { rehearsalFailures } from './failures.ts'
export { extensionsOf } from './history-key.ts'
export { FIRST_START, rehearse, type Rehearsal, type Start, type Withheld } from './rehearse.ts'
export { replay, type ReplayMigration } from './replay.ts'
export { compareRows, readRowSums, type RowSums } from './row-sums.ts'
export { emptyTables, type Filling, fillTables } from './rows.ts'
export { fillToScale, type ScaledTable } from './scale.ts'
export {
  scratchLike,
  type ScratchOptions,
  withScratch,
  withScratchServer,
  withServerScratch,
} from './scratch.ts'
export { readShape, type ShapeReference, type ShapeTable } from './shape.ts'
export type { Stop, Trace } from './trace.ts'
