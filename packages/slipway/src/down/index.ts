export { type Grade, readDownFacts, withGrade } from './down-file.ts'
export {
  type DownMigration,
  downMigrationOn,
  draftDownMigration,
  type KnownState,
  writeDownMigration,
} from './down-migration.ts'
export { bringNamesBack } from './names-back.ts'
export { lossesOf, overwrittenColumns } from './loss.ts'
export { type Rename, inverse, renamed, renameSql } from './rename.ts'
export { runsOnTrial } from './trial.ts'
