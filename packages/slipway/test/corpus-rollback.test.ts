import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deploy } from '../src/deploy/index.ts'
import { attempt, ConnectionString } from '../src/kernel/index.ts'
import { type Announcement, rollback } from '../src/rollback/index.ts'
import { type CorpusMigration, corpusMigrations, hasCorpus } from './corpus.ts'
import { dumpSchema } from './dump.ts'
import { createDatabase, postgresBin, type TestDatabase } from './postgres.ts'

// Guarantee 2 on real histories: each of the last migrations is rolled back by a way that we wrote, and the
// schema that pg_dump shows afterwards is the one before it.

const LAST = process.env['FULL'] === '1' ? 60 : 3
const PROJECTS =
  process.env['FULL'] === '1'
    ? ['umami', 'hoppscotch', 'langfuse', 'trigger']
    : ['umami', 'hoppscotch']

const work = (
  database: TestDatabase,
  migrations: readonly CorpusMigration[],
  cacheDir: string,
) => ({
  address: { kind: 'postgres' as const, url: new ConnectionString(database.url) },
  environment: 'development',
  protected: false,
  confirm: false,
  migrations,
  limits: { lockTimeoutMs: 200, statementTimeoutMs: 60_000 },
  deadlineMs: 60_000,
  shadow: { dialect: 'postgres' as const, cacheDir },
  signal: new AbortController().signal,
  emit: () => {},
  consent: { confirm: undefined },
})

/** Applies one more migration and rolls it back; gives what is wrong afterwards, and what was announced. */
async function thereAndBack(
  database: TestDatabase,
  migrations: readonly CorpusMigration[],
  cacheDir: string,
): Promise<{ wrong?: string; announced: readonly Announcement[] }> {
  const before = dumpSchema(database.url)
  const up = await deploy({ ...work(database, migrations, cacheDir), acceptDrift: true })
  expect(up.failure).toBeUndefined()
  // On a copy: rows that a migration wrote stay, so that not every one could be applied once more.
  const copy = await createDatabase({ template: database.name })
  try {
    return await rollBack(copy, { migrations, cacheDir, before })
  } finally {
    await copy.drop()
  }
}

async function rollBack(
  database: TestDatabase,
  from: { migrations: readonly CorpusMigration[]; cacheDir: string; before: string },
): Promise<{ wrong?: string; announced: readonly Announcement[] }> {
  let announced: readonly Announcement[] = []
  const back = await attempt(() =>
    rollback({
      ...work(database, from.migrations, from.cacheDir),
      extent: { kind: 'steps', steps: 1 },
      acceptUnproven: false,
      announce: (downs) => (announced = downs.flatMap((down) => down.announced)),
    }),
  )
  if (!back.ok) return { wrong: `refused: ${back.failure.message}`, announced }
  if (back.value.failure) return { wrong: `failed: ${back.value.failure.message}`, announced }
  return dumpSchema(database.url) === from.before
    ? { announced }
    : { wrong: 'pg_dump differs', announced }
}

test.skipIf(!hasCorpus || postgresBin() === undefined).each(PROJECTS)(
  '%s: the last migrations come back, one at a time',
  async (project) => {
    const migrations = corpusMigrations(project)
    const database = await createDatabase()
    const cacheDir = mkdtempSync(join(tmpdir(), 'slipway-cache-'))
    const first = Math.max(migrations.length - LAST, 0)
    const wrong: string[] = []
    let unannounced = 0
    try {
      if (first > 0)
        await deploy({ ...work(database, migrations.slice(0, first), cacheDir), acceptDrift: true })
      for (let count = first + 1; count <= migrations.length; count++) {
        const reached = migrations.slice(0, count)
        const outcome = await thereAndBack(database, reached, cacheDir)
        if (outcome.wrong !== undefined) wrong.push(`${reached.at(-1)?.name}: ${outcome.wrong}`)
        if (outcome.wrong?.startsWith('refused') === false && outcome.announced.length === 0)
          unannounced++
      }
      const total = migrations.length - first
      process.stderr.write(
        `${project}: ${total - wrong.length} of ${total} come back\n${wrong.join('\n')}\n`,
      )
      expect(unannounced).toBe(0)
      expect(wrong.length).toBeLessThanOrEqual(Math.floor(total / 60))
    } finally {
      await database.drop()
      rmSync(cacheDir, { recursive: true })
    }
  },
  3_600_000,
)
