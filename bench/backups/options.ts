import { readSize, type Size } from '../size.ts'

/** About 1 GB. */
const ROWS = 4_000_000
const ROUNDS = 3

/** Help, for a person who asks or mistypes. */
export const backupsUsage = `node bench/run.ts backups [--rows n] [--rounds n]

  --rows    of the database that is backed up; four million are about 1 GB (default ${ROWS})
  --rounds  runs of each, in turn; medians count (default ${ROUNDS})

It needs zstd and age on the machine. A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments; says what is wrong with them as a string. */
export function readBackupsOptions(argv: readonly string[]): Size | string {
  return readSize(argv, { rows: ROWS, rounds: ROUNDS })
}
