export { type CheckedMigration, checkMigrations, type CheckRequest } from './check.ts'
export { checkFailures } from './failures.ts'
export { type FixedMigration, fixMigrations, type FixRequest, writeFix } from './fix.ts'
export { type StoredProof, storeProof } from './stored-proof.ts'
