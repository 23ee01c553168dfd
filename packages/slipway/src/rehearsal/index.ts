export { rehearsalFailures } from './failures.ts'
export { replay, type ReplayMigration } from './replay.ts'
export { extensionsOf, type ScratchOptions, withScratch } from './scratch.ts'
