export { type Grade, readDownFacts, withGrade } from './down-file.ts'
export {
  type DownMigration,
  downMigrationOn,
  draftDownMigration,
  lossesAfter,
  runsOnTrial,
  writeDownMigration,
} from './down-migration.ts'
export { renamed } from './subject.ts'
export { overwrittenColumns } from './loss.ts'
export { type Rename, inverse, renameSql } from './rename.ts'
