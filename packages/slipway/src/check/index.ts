export { type CheckedMigration, checkMigrations, type CheckRequest } from './check.ts'
export { checkFailures } from './failures.ts'
export { htmlReport, type ReportedMigration } from './html.ts'
export { type StoredProof, storeProof } from './stored-proof.ts'
