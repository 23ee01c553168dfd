import { expect, test } from 'vitest'
import { isForbidden, type Outcome, runCorpus } from './corpus-run.ts'
import { hasCorpus } from './corpus.ts'
import { postgresBin } from './postgres.ts'

// Guarantees 2 and 7 on real histories, with rows in every table of a protected target: each of the last migrations is
// deployed, rolled back and deployed again. Every loss was announced. Judged by pg_dump and the rows.

const FULL = process.env['FULL'] === '1'
const LAST = FULL ? 60 : 3
const PROJECTS = FULL ? ['umami', 'hoppscotch', 'langfuse', 'trigger'] : ['umami', 'hoppscotch']

test.skipIf(!hasCorpus || postgresBin() === undefined).each(PROJECTS)(
  '%s: the last migrations are rolled back one at a time, with their rows',
  async (project) => {
    const outcomes = await runCorpus(project, LAST)
    process.stderr.write(`${project}: ${summary(outcomes)}\n`)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(outcomes.filter((one) => isForbidden(one))).toEqual([])
  },
  3 * 3_600_000,
)

function summary(outcomes: readonly Outcome[]): string {
  const counts: Record<string, number> = {}
  for (const { ending } of outcomes) counts[ending] = (counts[ending] ?? 0) + 1
  const others = outcomes.filter(
    ({ ending, refused, reasons }) =>
      ending !== 'restored exactly' || refused.length > 0 || reasons.length > 0,
  )
  const lines = others.map(({ migration, ending, reasons, refused }) => {
    const why = [...refused.map((text) => `rows refused: ${text}`), ...reasons]
    return `  ${migration}: ${ending}\n${why.map((line) => `    ${line.slice(0, 600)}\n`).join('')}`
  })
  const empty = new Set(outcomes.flatMap((one) => one.empty))
  const unfilled = empty.size > 0 ? `  without rows: ${[...empty].join(', ')}\n` : ''
  return `${outcomes.length} migrations, ${JSON.stringify(counts)}\n${lines.join('')}${unfilled}`
}
