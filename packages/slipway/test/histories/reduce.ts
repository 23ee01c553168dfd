import { type HistoryStep, possibleHistory, type TestHistory } from './history.ts'

/**
 * Removes from a history everything that its fault does not need: migrations, then statements and rows, in
 * halves and one by one. Calls `hasFault`, which runs a history, at most `tries` times.
 */
export async function reduceHistory(
  history: TestHistory,
  hasFault: (history: TestHistory) => Promise<boolean>,
  tries: number,
): Promise<TestHistory> {
  let found = history
  let left = tries
  const without = async (candidate: TestHistory): Promise<boolean> => {
    if (left <= 0) return false
    const possible = await possibleHistory(candidate)
    if (sizeOf(possible) >= sizeOf(found)) return false
    left--
    if (!(await hasFault(possible))) return false
    found = possible
    return true
  }
  for (let step = found.length - 1; step > 0; step--)
    await without(found.filter((_, index) => index !== step))
  for (let size = longest(found); size >= 1; size = Math.floor(size / 2)) {
    for (let step = found.length - 1; step >= 0; step--) {
      for (const part of ['statements', 'rows'] as const) {
        for (let at = (found[step]?.[part].length ?? 0) - 1; at >= 0; at -= size)
          await without(
            found.map((one, index) => (index === step ? cut(one, part, at, size) : one)),
          )
      }
    }
  }
  return found
}

/** A step without the `size` statements that end at index `at`. */
function cut(step: HistoryStep, part: keyof HistoryStep, at: number, size: number): HistoryStep {
  const kept = step[part].filter((_, index) => index > at || index <= at - size)
  return { ...step, [part]: kept }
}

function longest(history: TestHistory): number {
  return Math.max(...history.flatMap(({ statements, rows }) => [statements.length, rows.length]))
}

function sizeOf(history: TestHistory): number {
  return history.reduce((sum, { statements, rows }) => sum + 1 + statements.length + rows.length, 0)
}

/** A history as readable SQL. */
export function historySql(history: TestHistory): string {
  const text = (statements: readonly string[]) =>
    statements.map((statement) => `${statement};\n`).join('')
  return history
    .map(({ statements, rows }, index) => {
      const written = rows.length > 0 ? `-- rows, outside of any migration\n${text(rows)}` : ''
      return `-- migration ${index}\n${text(statements)}${written}`
    })
    .join('')
}
