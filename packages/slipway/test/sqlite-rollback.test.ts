import { expect, test } from 'vitest'
import { sqliteCorpus } from './sqlite-corpus.ts'
import { isForbidden, roundTrip, type RoundTrip } from './sqlite-round-trip.ts'

// Guarantee 2 on a real SQLite history, with rows in every table of a file: each migration is applied, rolled
// back and applied again. Every loss was announced. Judged by plain SQL through the stock program.

const FULL = process.env['FULL'] === '1'

test.skipIf(sqliteCorpus.length === 0)(
  'each migration of the corpus is rolled back with its rows, one at a time',
  async () => {
    const outcomes: RoundTrip[] = []
    for (const [at, migration] of sqliteCorpus.entries()) {
      if (!FULL && at % 4 !== 3) continue
      outcomes.push(await roundTrip({ history: sqliteCorpus.slice(0, at), migration }))
    }
    process.stderr.write(`${summary(outcomes)}\n`)
    expect(outcomes.filter((one) => isForbidden(one))).toEqual([])
    expect(outcomes.filter(({ schemaDiffers }) => schemaDiffers.length > 0)).toEqual([])
  },
  3_600_000,
)

function summary(outcomes: readonly RoundTrip[]): string {
  const counts = Object.groupBy(outcomes, ({ grade }) => grade ?? 'none')
  const lines = outcomes
    .filter(({ grade, refused, failure }) => grade !== 'lossless' || refused.length > 0 || failure)
    .map((one) => {
      const why = [
        ...(one.announced.length > 0 ? [`announced: ${one.announced.join(', ')}`] : []),
        ...(one.differs.length > 0 ? [`differs: ${one.differs.join(', ')}`] : []),
        ...one.reasons,
        ...one.refused.map((text) => `rows refused: ${text}`),
        ...(one.failure === undefined ? [] : [`fails: ${one.failure}`]),
      ]
      return `  ${one.migration}: ${one.grade}\n${why.map((text) => `    ${text}\n`).join('')}`
    })
  const grades = Object.entries(counts).map(([grade, all]) => `${all.length} ${grade}`)
  return `${outcomes.length} migrations: ${grades.join(', ')}\n${lines.join('')}`
}
