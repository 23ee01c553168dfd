import { parseArgs } from 'node:util'

/** The size of a part of the benchmark that runs separately. */
export interface Size {
  readonly rows: number
  readonly rounds: number
  /** Whether it has at least the default size, so that its results are written to RESULTS.md. */
  readonly whole: boolean
}

/**
 * Reads `--rows` and `--rounds`, with the given defaults. Returns an error message as a string if they
 * are invalid.
 */
export function readSize(
  argv: readonly string[],
  usual: Pick<Size, 'rows' | 'rounds'>,
): Size | string {
  try {
    const options = { rows: { type: 'string' }, rounds: { type: 'string' } } as const
    const { values } = parseArgs({ args: [...argv], options })
    const [rows, rounds] = [
      Number(values.rows ?? usual.rows),
      Number(values.rounds ?? usual.rounds),
    ]
    if (!Number.isInteger(rows) || rows < 1) return '--rows takes a whole number from 1'
    if (!Number.isInteger(rounds) || rounds < 1) return '--rounds takes a whole number from 1'
    return { rows, rounds, whole: rows >= usual.rows && rounds >= usual.rounds }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
