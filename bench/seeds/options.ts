import { parseArgs } from 'node:util'

/** What a run of the benchmark of seeds is asked to do. */
export interface SeedsCommand {
  /** Carriers; each has two children. */
  readonly rows: number
  readonly rounds: number
  /** Whether it is of the usual size, so that its results are written to RESULTS.md. */
  readonly whole: boolean
}

const ROWS = 1_000_000
const ROUNDS = 3

/** Help, for a person who asks or mistypes. */
export const seedsUsage = `node bench/run.ts seeds [--rows n] [--rounds n]

  --rows    carriers, each with two children (default ${ROWS})
  --rounds  runs of each, in turn; medians count (default ${ROUNDS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments; says what is wrong with them as a string. */
export function readSeedsOptions(argv: readonly string[]): SeedsCommand | string {
  try {
    const options = { rows: { type: 'string' }, rounds: { type: 'string' } } as const
    const { values } = parseArgs({ args: [...argv], options })
    const [rows, rounds] = [Number(values.rows ?? ROWS), Number(values.rounds ?? ROUNDS)]
    if (!Number.isInteger(rows) || rows < 1) return '--rows takes a whole number from 1'
    if (!Number.isInteger(rounds) || rounds < 1) return '--rounds takes a whole number from 1'
    return { rows, rounds, whole: rows >= ROWS && rounds >= ROUNDS }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
