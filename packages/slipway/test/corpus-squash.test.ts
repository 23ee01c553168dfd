import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { draftSquash } from '../src/squash/index.ts'
import { runCli } from './cli-in-process.ts'
import { corpusMigrations, hasCorpus } from './corpus.ts'
import { dumpSchema } from './dump.ts'
import { postgresBin, type TestDatabase } from './postgres.ts'
import { prismaCli } from './prisma.ts'
import { writeProject } from './project.ts'
import { shareImages, createTarget, SHADOW } from './target.ts'

// Squashes of whole real histories: pg_dump sees the same schema whether Slipway or Prisma deploys the
// squash. Prisma can run it on an empty database, and reports a target that has recorded it as up to date.

const PROJECTS =
  process.env['FULL'] === '1'
    ? ['umami', 'hoppscotch', 'langfuse', 'trigger']
    : ['umami', 'hoppscotch']

async function deployed(root: string, { url }: TestDatabase): Promise<unknown> {
  const run = await runCli(['deploy', '--url', url, '--json'], { cwd: root })
  expect(run.exitCode, run.stdout).toBe(0)
  return (JSON.parse(run.stdout) as { result: unknown }).result
}

test.skipIf(!hasCorpus).each(PROJECTS)(
  '%s, squashed',
  async (project) => {
    const migrations = corpusMigrations(project)
    const squash = await draftSquash({ migrations, shadow: SHADOW, emit: () => undefined })
    expect(squash).toMatchObject({ form: 'catalog', columnOrder: [], down: { proven: true } })
    const { name, sql } = squash
    const [before, after] = [writeProject(migrations), writeProject([{ name, sql }])]
    for (const root of [before, after]) shareImages(root)
    const [old, theirs, slipway] = [
      await createTarget(),
      await createTarget(),
      await createTarget(),
    ]
    const prisma = (url: string, ...args: string[]) =>
      prismaCli(['migrate', ...args], { cwd: after, databaseUrl: url })
    try {
      await deployed(before, old)
      expect(await prisma(theirs.url, 'deploy')).toMatchObject({ code: 0 })
      await deployed(after, slipway)
      const expected = await old.fingerprint()
      for (const target of [theirs, slipway]) {
        expect(await target.fingerprint()).toEqual(expected)
        if (postgresBin() !== undefined) expect(dumpSchema(target.url)).toBe(dumpSchema(old.url))
      }
      expect(await deployed(after, old)).toMatchObject({
        receipts: [],
        recorded: [{ migration: name, replaces: migrations.map((one) => one.name) }],
      })
      for (const target of [old, theirs, slipway])
        expect((await prisma(target.url, 'status')).stdout).toContain(
          'Database schema is up to date',
        )
    } finally {
      await Promise.all([old, theirs, slipway].map((target) => target.drop()))
      for (const root of [before, after]) rmSync(root, { recursive: true })
    }
  },
  600_000,
)

test.skipIf(!hasCorpus || process.env['FULL'] !== '1').each(PROJECTS)(
  '%s: a squash of its first half with the rest after it, and of its last ten after the rest',
  async (project) => {
    const migrations = corpusMigrations(project)
    const at = (index: number) => migrations.at(index)?.name
    const request = { migrations, shadow: SHADOW, emit: () => undefined }
    const half = await draftSquash({ ...request, to: at(Math.floor(migrations.length / 2)) })
    expect(half).toMatchObject({ form: 'catalog', columnOrder: [] })
    expect(half.after.length).toBeGreaterThan(0)
    const last = await draftSquash({ ...request, from: at(-10) })
    expect(last).toMatchObject({ form: 'joined', columnOrder: [] })
  },
  600_000,
)
