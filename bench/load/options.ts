import { parseArgs } from 'node:util'

/** What a run of the benchmark under load is asked to do. */
export interface LoadCommand {
  readonly rows: number
  readonly rounds: number
  /** Whether it is of the usual size, so that its results are written to RESULTS.md. */
  readonly whole: boolean
}

const ROWS = 5_000_000
const ROUNDS = 3

/** Help, for a person who asks or mistypes. */
export const loadUsage = `node bench/run.ts load [--rows n] [--rounds n]

  --rows    of the table that is changed (default ${ROWS})
  --rounds  runs of each migration with each tool; the worst counts (default ${ROUNDS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments; says what is wrong with them as a string. */
export function readLoadOptions(argv: readonly string[]): LoadCommand | string {
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
