import type { Outcome } from '../app/index.ts'
import type { Report } from './command.ts'
import type { Block } from './view.ts'

/** The report of an outcome. Without a result, only the failure is shown. */
export function presentOutcome<Result extends object>(
  outcome: Outcome<Result>,
  view: (result: Result) => readonly Block[],
  more: Partial<Report> = {},
): Report {
  const { result, findings, next } = outcome
  return {
    result: result ?? {},
    view: result ? view(result) : [],
    findings,
    next,
    ...(outcome.ok ? {} : { failure: outcome.failure }),
    ...more,
  }
}

/** The database as text for people. */
export function placeOf(target: {
  readonly environment: string
  readonly database: string
  readonly embedded: boolean
}): string {
  const { environment, database, embedded } = target
  return embedded ? `the embedded database (${environment})` : `${database} (${environment})`
}
