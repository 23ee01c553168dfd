import { identifiersIn } from '../../statements/index.ts'
import type { Rule } from '../hazard.ts'

/** PostgreSQL truncates a name to 63 bytes, and reports it only in a notice. */
export const identifierTooLong: Rule = {
  id: 'identifier-too-long',
  title: 'A name is longer than 63 bytes',
  judge(_action, { statement }) {
    return [...identifiersIn(statement.text)]
      .filter((name) => Buffer.byteLength(name) > LONGEST)
      .map((name) => ({
        severity: 'warning',
        message: `The name ${name} is ${Buffer.byteLength(name)} bytes long: PostgreSQL truncates it to ${cut(name)}. Names that differ only after that are the same name.`,
      }))
  },
}

/** NAMEDATALEN - 1. */
const LONGEST = 63

function cut(name: string): string {
  return Buffer.from(name)
    .subarray(0, LONGEST)
    .toString()
    .replace(/\uFFFD+$/, '')
}
