import { affinityOf, convertsValues } from '../../schema/index.ts'
import type { Severity } from '../hazard.ts'

/** What happens to values when the affinity of a column changes. */
export interface Loss {
  readonly severity: Severity
  readonly what: string
}

const TO_NUMBER: Loss = {
  severity: 'error',
  what: "text that looks like a number becomes a number, so '007' becomes 7 and long numbers lose their last digits; other text is unchanged",
}

const TO_TEXT: Loss = {
  severity: 'warning',
  what: 'numbers become text, which sorts and compares as text, and fractions may lose digits',
}

/** A JSON number is also a number in SQLite, so its value does not change. */
const TO_JSON: Loss = {
  severity: 'info',
  what: 'JSON text that is only a number becomes a number; other text is unchanged',
}

/** What changes when values are copied from a column of one type to one of another; undefined if nothing does. */
export function lossOf(from: string, to: string): Loss | undefined {
  const [before, after] = [affinityOf(from), affinityOf(to)]
  if (!convertsValues(before, after)) return undefined
  if (after === 'TEXT') return TO_TEXT
  if (before === 'TEXT' || before === 'BLOB') return /json/i.test(to) ? TO_JSON : TO_NUMBER
  return { severity: 'warning', what: 'whole numbers above 9007199254740992 lose digits' }
}
