import { readSize, type Size } from '../size.ts'

/** They take about 1 GB. */
const ROWS = 4_000_000
const ROUNDS = 3

/** The help text, also shown after invalid arguments. */
export const backupsUsage = `node bench/run.ts backups [--rows n] [--rounds n]

  --rows    of the database that is backed up; four million are about 1 GB (default ${ROWS})
  --rounds  runs of each, in turn; medians count (default ${ROUNDS})

It needs zstd and age on the machine. A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readBackupsOptions(argv: readonly string[]): Size | string {
  return readSize(argv, { rows: ROWS, rounds: ROUNDS })
}
