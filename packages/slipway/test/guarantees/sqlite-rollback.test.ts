import { expect, test } from 'vitest'
import { diffToSchema } from '../../src/engine/index.ts'
import { failureOf } from '../../src/kernel/index.ts'
import { withShadowDatabase } from '../../src/shadow/index.ts'
import {
  createRandom,
  randomChange,
  randomPrismaSchemas,
  randomSchema,
  randomTriggers,
} from '../random-sqlite.ts'
import { isForbidden, roundTrip, type RoundTrip } from '../sqlite-round-trip.ts'

// Guarantee 2 on SQLite, as a property: for any schema and change, a rollback restores schema and rows, or
// the proof announced what it does not restore. Judged by plain SQL on a file, through the stock program.

const RUNS = process.env['FULL'] === '1' ? 500 : 5
const FROM = Number(process.env['SEED'] ?? 1)

interface Case {
  readonly schema: string
  readonly change: string
}

function byHand(seed: number): Promise<Case> {
  const dice = createRandom(seed)
  const schema = randomSchema(dice)
  return Promise.resolve({ schema, change: randomChange(dice, schema) })
}

/** Prisma's SQL from the end of a history to a schema. */
async function written(history: readonly string[], schema: string): Promise<string> {
  const files = [{ path: 'schema.prisma', content: schema }]
  const migrations = history.map((sql, at) => ({ name: String(at + 1), sql }))
  const { sql } = await withShadowDatabase(
    { dialect: 'sqlite', cacheDir: '' },
    migrations,
    (session) => diffToSchema({ session, files }),
  )
  return sql
}

async function byPrisma(seed: number): Promise<Case> {
  const dice = createRandom(seed)
  const { before, after } = randomPrismaSchemas(dice)
  const sql = await written([], before)
  return { schema: sql + randomTriggers(dice, sql), change: await written([sql], after) }
}

test.each([
  ['written by hand', byHand],
  ['written by Prisma', byPrisma],
])(
  'random changes %s are rolled back, or their losses are announced',
  async (style, caseOf) => {
    const outcomes: RoundTrip[] = []
    const notRun: string[] = []
    for (let seed = FROM; seed < FROM + RUNS; seed++) {
      const { schema, change } = await caseOf(seed)
      const migration = { name: `${seed}`, sql: change }
      try {
        outcomes.push(await roundTrip({ history: [{ name: '1_init', sql: schema }], migration }))
      } catch (error) {
        if (failureOf(error)?.code !== 'SHADOW.REPLAY_FAILED') throw error
        notRun.push(`${seed}: ${failureOf(error)?.why}`)
      }
    }
    const grades = Object.groupBy(outcomes, ({ grade }) => grade ?? 'none')
    const counts = Object.entries(grades).map(([grade, all]) => `${all.length} ${grade}`)
    process.stderr.write(`${style}: ${counts.join(', ')}; ${notRun.length} do not run\n`)
    expect(outcomes.filter((one) => isForbidden(one))).toEqual([])
    expect(notRun.length).toBeLessThan(RUNS / 3)
  },
  4 * 3_600_000,
)
