import { readSize, type Size } from '../size.ts'

const ROWS = 1_000_000
const ROUNDS = 5

/** The help text, also shown after invalid arguments. */
export const proofUsage = `node bench/run.ts proof [--rounds n] [--rows n]

  --rounds  runs of each, in turn; medians count (default ${ROUNDS})
  --rows    of the large table that is dropped (default ${ROWS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readProofOptions(argv: readonly string[]): Size | string {
  return readSize(argv, { rows: ROWS, rounds: ROUNDS })
}
