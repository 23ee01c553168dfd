import { readSize } from '../size.ts'

const ROUNDS = 3

/** The help text, also shown after invalid arguments. */
export const traceUsage = `node bench/run.ts trace [--rounds n]

  --rounds  runs of each command; the one of median time is shown (default ${ROUNDS})

Where the time of the commands goes that miss a goal. A run of this size or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readTraceOptions(argv: readonly string[]) {
  return readSize(argv, { rows: 1, rounds: ROUNDS })
}
