import { readSize, type Size } from '../size.ts'

const ROWS = 5_000_000
const ROUNDS = 3

/** The help text, also shown after invalid arguments. */
export const loadUsage = `node bench/run.ts load [--rows n] [--rounds n]

  --rows    of the table that is changed (default ${ROWS})
  --rounds  runs of each migration with each tool; the worst counts (default ${ROUNDS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readLoadOptions(argv: readonly string[]): Size | string {
  return readSize(argv, { rows: ROWS, rounds: ROUNDS })
}
