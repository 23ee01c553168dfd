import { describePreCheck, type DeployOutcome } from '../deploy/index.ts'
import type { PreCheckResult } from '../plan/index.ts'
import { objectText } from '../statements/index.ts'
import { type NamedObject, namedObject } from './named-object.ts'
import type { ResultFinding } from './outcome.ts'

/** A pre-check with the object that it is about. */
export interface PreCheckItem extends Omit<PreCheckResult, 'object'>, NamedObject {}

/** Converts a pre-check for a result. */
export function preCheckItem({ object, ...check }: PreCheckResult): PreCheckItem {
  return { ...check, ...namedObject(object) }
}

/** Warnings about pre-checks that did not pass, in addition to the failure. */
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

/** The findings of pre-checks before a deploy; a violation would stop it. */
export function pendingPreCheckFindings(preChecks: DeployOutcome['preChecks']): ResultFinding[] {
  return preChecks
    .filter(({ ok }) => ok !== true)
    .map((check) => ({
      id: 'pre-check',
      severity: check.ok === null ? 'warning' : 'error',
      message: check.ok === null ? notDecided(check) : `${describePreCheck(check)}.`,
    }))
}

function notDecided(check: PreCheckResult): string {
  const { object, migration, statement, line, undecided } = check
  return `Cannot tell whether the rows allow ${objectText(object)} (${migration}, statement ${statement}, line ${line}): ${undecided}.`
}
