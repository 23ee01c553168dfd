import { readSize, type Size } from '../size.ts'

const ROWS = 1_000_000
const ROUNDS = 3

/** The help text, also shown after invalid arguments. */
export const seedsUsage = `node bench/run.ts seeds [--rows n] [--rounds n]

  --rows    carriers, each with two children (default ${ROWS})
  --rounds  runs of each, in turn; medians count (default ${ROUNDS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readSeedsOptions(argv: readonly string[]): Size | string {
  return readSize(argv, { rows: ROWS, rounds: ROUNDS })
}
