import type { Hazard } from '../hazards/index.ts'
import { command, type Failure, failureFrom } from '../kernel/index.ts'
import type { Survey } from '../plan/index.ts'
import type { Consent } from './consent.ts'

/** Hazards that are covered by the consent to data loss, which is given with the database name. */
const CONSENTED: ReadonlySet<string> = new Set([
  'drop-column',
  'drop-schema',
  'drop-table',
  'no-where',
  'rebuild-loses-column',
  'rebuild-loses-rows',
  'replace-deletes-rows',
  'sqlite-drop-column',
  'sqlite-drop-table',
  'sqlite-no-where',
  'truncate',
])

/** Whether a hazard is covered by the consent to data loss, if its migration destroys data. */
export function isConsented({ id }: Hazard): boolean {
  return CONSENTED.has(id)
}

/**
 * The hazards that count on a target: those of severity error, of statements on existing tables that may
 * contain rows. On a protected target, hazards that are covered by the consent to data loss are left out.
 */
export function hazardsToAccept(
  { hazards, plan }: Survey,
  onProtected: boolean,
): readonly Hazard[] {
  const steps = new Map(plan.steps.map((step) => [`${step.migration} ${step.statement}`, step]))
  return hazards.filter((hazard) => {
    const { severity, migration, statement } = hazard
    const step = steps.get(`${migration} ${statement}`)
    if (severity !== 'error' || !step?.tables.some(({ rows }) => rows !== 0)) return false
    return !(onProtected && isConsented(hazard) && step.destroys.length > 0)
  })
}

/** Everything that a person has accepted by name. */
export interface Accepted {
  /** Deploy although the target has drifted. */
  readonly acceptDrift: boolean
  /** Destroy data although no statement shows it; false if absent. */
  readonly acceptUnannounced?: boolean
  /** Deploy although rows would make a statement fail; false if absent. */
  readonly acceptPreChecks?: boolean
  /** Ids of the accepted hazards. */
  readonly acceptHazards?: readonly string[]
}

/** The hazards that were not accepted by their ids. */
export function unaccepted(
  hazards: readonly Hazard[],
  accepted: readonly string[],
): readonly Hazard[] {
  return hazards.filter(({ id }) => !accepted.includes(id))
}

/** DEPLOY.HAZARDS if hazards were not accepted by their ids; undefined if all were. */
export function hazardsFailure(
  database: string,
  hazards: readonly Hazard[],
  accepted: Accepted & { readonly consent: Consent },
): Failure | undefined {
  const open = unaccepted(hazards, accepted.acceptHazards ?? [])
  const [first] = open
  if (first === undefined) return undefined
  const ids = [...new Set([...acceptedNames(accepted), ...open.map(({ id }) => id)])]
  const confirmed = accepted.consent.confirm === database ? ['--confirm', database] : []
  const places = open.map(({ id, migration, line }) => `${id} (${migration}, line ${line})`)
  const { file, line, column } = first
  return failureFrom('DEPLOY.HAZARDS', {
    message: `${database} is protected, and pending statements are hazardous for its tables: ${places.join(', ')}.`,
    why: 'Nothing was changed. Outside development and testing, each hazard must be accepted with its id.',
    nextActions: [
      command(['check', first.migration], 'test it, and see all its hazards'),
      command(['deploy', '--accept', ids.join(','), ...confirmed], 'deploy anyway'),
    ],
    where: { file, line, column },
  })
}

/** The accepted names, which a suggested command repeats. */
export function acceptedNames({
  acceptDrift,
  acceptPreChecks,
  acceptUnannounced,
  acceptHazards = [],
}: Accepted): string[] {
  return [
    ...(acceptDrift ? ['drift'] : []),
    ...(acceptUnannounced ? ['unannounced'] : []),
    ...(acceptPreChecks ? ['pre-check'] : []),
    ...acceptHazards,
  ]
}
