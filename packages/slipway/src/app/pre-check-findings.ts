import { describePreCheck, type DeployOutcome } from '../deploy/index.ts'
import type { ResultFinding } from './outcome.ts'

/** What a person should know of pre-checks that did not pass, in addition to the failure. */
export function preCheckFindings({ preChecks, failure }: DeployOutcome): ResultFinding[] {
  const refused = failure?.code === 'DEPLOY.PRE_CHECK_FAILED'
  return preChecks
    .filter(({ ok }) => ok === null || (!ok && !refused))
    .map((check) => ({
      id: 'pre-check',
      severity: 'warning',
      message: check.ok === null ? notDecided(check) : `Accepted: ${describePreCheck(check)}.`,
    }))
}

/** What pre-checks found, before a deploy: a violation would stop it. */
export function pendingPreCheckFindings(preChecks: DeployOutcome['preChecks']): ResultFinding[] {
  return preChecks
    .filter(({ ok }) => ok !== true)
    .map((check) => ({
      id: 'pre-check',
      severity: check.ok === null ? 'warning' : 'error',
      message: check.ok === null ? notDecided(check) : `${describePreCheck(check)}.`,
    }))
}

function notDecided(check: DeployOutcome['preChecks'][number]): string {
  const { object, migration, statement, line, undecided } = check
  return `Not decided whether the rows allow ${object} (${migration}, statement ${statement}, line ${line}): ${undecided}.`
}
