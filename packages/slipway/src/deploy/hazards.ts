import type { Hazard } from '../hazards/index.ts'
import { command, type Failure, failureFrom } from '../kernel/index.ts'
import type { Survey } from '../plan/index.ts'
import type { Consent } from './consent.ts'

/** Hazards that say what the consent to the loss of data, by the name of the database, has answered. */
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

/** Whether the consent to the loss of data has answered a hazard of a migration that destroys some. */
export function isConsented({ id }: Hazard): boolean {
  return CONSENTED.has(id)
}

/**
 * The hazards that count on a target: of severity error, of a statement that concerns a table which is
 * there and may hold rows. On a protected target, losses that had their own consent are left out.
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

/** What a person has accepted by name, of all kinds. */
export interface Accepted {
  /** Deploy although the target has drifted. */
  readonly acceptDrift: boolean
  /** Destroy data that no statement shows; no if absent. */
  readonly acceptUnannounced?: boolean
  /** Deploy although rows would make a statement fail; no if absent. */
  readonly acceptPreChecks?: boolean
  /** Ids of the hazards that may be there. */
  readonly acceptHazards?: readonly string[]
}

/** The hazards that were not accepted by their ids. */
export function unaccepted(
  hazards: readonly Hazard[],
  accepted: readonly string[],
): readonly Hazard[] {
  return hazards.filter(({ id }) => !accepted.includes(id))
}

/** DEPLOY.HAZARDS where hazards are not accepted by their ids; nothing if all are. */
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

/** The names that were accepted: those of an earlier try stay in the command that is offered. */
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
