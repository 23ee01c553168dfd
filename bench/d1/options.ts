import { parseArgs } from 'node:util'

/** The size of a run. */
export interface D1Options {
  readonly rounds: number
  /** How many migrations are pending. */
  readonly migrations: number
  /** Whether the run has at least the default size, so that its section is written. */
  readonly whole: boolean
}

const MIGRATIONS = 100
const ROUNDS = 5

/** The help text, also shown after invalid arguments. */
export const d1Usage = `node bench/run.ts d1 [--migrations n] [--rounds n]

  --migrations  how many are pending (default ${MIGRATIONS})
  --rounds      runs of each, in turn; medians count (default ${ROUNDS})

A run of these sizes or more writes its section of bench/RESULTS.md.`

/** Reads the arguments. Returns an error message as a string if they are invalid. */
export function readD1Options(argv: readonly string[]): D1Options | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { migrations: { type: 'string' }, rounds: { type: 'string' } },
    })
    const rounds = Number(values.rounds ?? ROUNDS)
    const migrations = Number(values.migrations ?? MIGRATIONS)
    if (![rounds, migrations].every((one) => Number.isInteger(one) && one > 0))
      return '--migrations and --rounds take whole numbers from 1'
    return { rounds, migrations, whole: rounds >= ROUNDS && migrations >= MIGRATIONS }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
