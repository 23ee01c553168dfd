import { type DeployOutcome, unaccepted } from '../deploy/index.ts'
import type { Hazard } from '../hazards/index.ts'
import { type NamedObject, namedObject } from './named-object.ts'
import type { ResultFinding } from './outcome.ts'

const SEVERITIES = { error: 'error', warning: 'warning', info: 'notice' } as const

/** A hazard with its object, if it has one. */
export interface HazardResult extends Omit<Hazard, 'object'>, Partial<NamedObject> {}

/** Converts a hazard for a result. */
export function hazardResult({ object, ...hazard }: Hazard): HazardResult {
  return { ...hazard, ...(object ? namedObject(object) : {}) }
}

/** A hazard as a finding, with its lock and its place. */
export function hazardFinding(hazard: Hazard): ResultFinding {
  const { id, severity, message, lock, blocks, file, line, column } = hazard
  const held = lock === undefined ? '' : ` (${lock}; blocks ${blocks})`
  return {
    id,
    severity: SEVERITIES[severity],
    message: `${message}${held}`,
    where: { file, line, column },
  }
}

/** The hazards of a deploy: errors if they stopped it, otherwise warnings. */
export function deployedHazards(
  { hazards, failure }: DeployOutcome,
  accepted: readonly string[],
): ResultFinding[] {
  const open = failure?.code === 'DEPLOY.HAZARDS' ? unaccepted(hazards, accepted) : []
  return hazards.map((hazard) => ({
    ...hazardFinding(hazard),
    severity: open.includes(hazard) ? 'error' : 'warning',
  }))
}
