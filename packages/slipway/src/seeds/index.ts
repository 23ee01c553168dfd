export { chooseSets, type EnvironmentSeeds } from './choose.ts'
export { seedFailures } from './failures.ts'
export { readSeedLedger, type SeedAuthor, type SeedRecord } from './ledger.ts'
export type { TableCounts } from './merge.ts'
export { projectSeedSets } from './project-sets.ts'
export { runSeeds, type SeedOutcome, type SeedRequest } from './run.ts'
export {
  defineSeed,
  type OwnerMode,
  type SeedDefinition,
  type SeedRow,
  type SeedRows,
  type SeedSet,
  type SeedTable,
  type SeedValue,
} from './set.ts'
export { type SeedStanding, seedStatus } from './status.ts'
export { type SeedFinding, verifySeeds } from './verify.ts'
