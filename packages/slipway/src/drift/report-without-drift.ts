import type { DriftReport } from './inspect.ts'

/** The report of a target whose schema matches its history, with findings that are not drift. */
export function sameAsHistory(
  database: string,
  findings: Pick<DriftReport, 'columnOrder' | 'choices' | 'unmodelled'> = {
    columnOrder: [],
    choices: [],
    unmodelled: [],
  },
): DriftReport {
  return {
    database,
    drifted: false,
    basis: 'shadow',
    changes: [],
    toHistory: '',
    guesses: [],
    toTarget: '',
    loses: { toHistory: [], toTarget: [] },
    ...findings,
  }
}
