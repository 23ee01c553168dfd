import type { Outcome } from '../app/index.ts'
import type { Report } from './command.ts'
import type { Block } from './view.ts'

/** The report of what a use case gave. What had not begun when it failed is not shown. */
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

/** The database in words for people. */
export function placeOf(target: {
  readonly environment: string
  readonly database: string
  readonly embedded: boolean
}): string {
  const { environment, database, embedded } = target
  return embedded ? `the embedded database (${environment})` : `${database} (${environment})`
}
