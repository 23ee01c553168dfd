import { parseArgs } from 'node:util'

/** What a run of the benchmark of proofs is asked to do. */
export interface ProofCommand {
  readonly rounds: number
  /** Of the large table that is kept. */
  readonly rows: number
  /** Whether it is of the usual size, so that its results are written to RESULTS.md. */
  readonly whole: boolean
}

const ROUNDS = 5
const ROWS = 1_000_000

/** Help, for a person who asks or mistypes. */
export const proofUsage = `node bench/run.ts proof [--rounds n] [--rows n]

  --rounds  runs of each, in turn; medians count (default ${ROUNDS})
  --rows    of the large table that is dropped (default ${ROWS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments; says what is wrong with them as a string. */
export function readProofOptions(argv: readonly string[]): ProofCommand | string {
  try {
    const options = { rounds: { type: 'string' }, rows: { type: 'string' } } as const
    const { values } = parseArgs({ args: [...argv], options })
    const [rounds, rows] = [Number(values.rounds ?? ROUNDS), Number(values.rows ?? ROWS)]
    if (!Number.isInteger(rounds) || rounds < 1) return '--rounds takes a whole number from 1'
    if (!Number.isInteger(rows) || rows < 1) return '--rows takes a whole number from 1'
    return { rounds, rows, whole: rounds >= ROUNDS && rows >= ROWS }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
