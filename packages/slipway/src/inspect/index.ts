export { inspectFailures } from './failures.ts'
export type {
  CheckName,
  CheckStatus,
  Evidence,
  Figure,
  HealthFinding,
  HealthId,
  StatementFigures,
  TopStatements,
} from './finding.ts'
export { type Inspection, type InspectRequest, inspectTarget } from './inspect.ts'
export { type IndexTrial, tryIndexes } from './try-indexes.ts'
