export { rehearsalFailures } from './failures.ts'
export { extensionsOf } from './history-key.ts'
export { replay, type ReplayMigration } from './replay.ts'
export { scratchLike, type ScratchOptions, withScratch } from './scratch.ts'
