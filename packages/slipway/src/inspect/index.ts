export { inspectFailures } from './failures.ts'
export type {
  CheckName,
  CheckStatus,
  Evidence,
  Metric,
  HealthFinding,
  HealthId,
  StatementFigures,
  TopStatements,
} from './finding.ts'
export { inspectTarget } from './dialects.ts'
export type { Inspection, InspectRequest } from './inspect.ts'
export { type IndexTrial, tryIndexes } from './try-indexes.ts'
