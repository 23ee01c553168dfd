import type { DriftReport } from './inspect.ts'

/** The report of a target whose schema is what its history gives, with what is reported beside. */
export function sameAsHistory(
  database: string,
  beside: Pick<DriftReport, 'columnOrder' | 'choices' | 'unmodelled'> = {
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
    ...beside,
  }
}
