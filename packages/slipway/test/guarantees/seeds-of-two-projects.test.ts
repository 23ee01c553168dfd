import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 12 for seeds: two projects with the same models, one of them in a separate default schema.

const MODELS = `model Tag {
  id   Int    @id
  name String @unique

  @@map("tags")
}
`
const INIT = {
  name: '1_init',
  sql: 'CREATE TABLE tags (id integer PRIMARY KEY, name text NOT NULL UNIQUE);',
}

let target: TestTarget
const roots = { public: '', app: '' }

beforeAll(async () => {
  target = await createTarget()
  for (const schema of ['public', 'app'] as const) {
    roots[schema] = writeProject([INIT], MODELS)
    shareImages(roots[schema])
    expect(await slipway(schema, ['deploy'])).toMatchObject({ exitCode: 0 })
  }
})
afterAll(() => target.drop())

async function slipway(schema: 'public' | 'app', args: readonly string[]) {
  return await runCli([...args, '--url', `${target.url}?schema=${schema}`], { cwd: roots[schema] })
}

function writeSet(schema: 'public' | 'app', rows: string): void {
  const folder = path.join(roots[schema], 'prisma/seeds/base')
  mkdirSync(folder, { recursive: true })
  const tables = { Tag: { key: ['name'], mode: 'own' } }
  writeFileSync(path.join(folder, 'set.json'), JSON.stringify({ version: 1, tables }))
  writeFileSync(path.join(folder, 'Tag.csv'), `id,name\n${rows}`)
}

async function namesIn(schema: string): Promise<unknown> {
  const [row] = await target.sql(
    `SELECT array_agg(name ORDER BY name) AS names FROM ${schema}.tags`,
  )
  return row?.['names']
}

test('a set writes, verifies and removes rows only in the default schema of its target', async () => {
  writeSet('public', '1,A\n2,B\n')
  writeSet('app', '1,X\n2,Y\n')
  expect(await slipway('public', ['seed', 'run'])).toMatchObject({ exitCode: 0 })
  expect(await slipway('app', ['seed', 'run'])).toMatchObject({ exitCode: 0 })
  expect([await namesIn('public'), await namesIn('app')]).toEqual([
    ['A', 'B'],
    ['X', 'Y'],
  ])
  writeSet('app', '1,X\n')
  expect(await slipway('app', ['seed', 'run'])).toMatchObject({ exitCode: 0 })
  expect(await slipway('app', ['seed', 'verify'])).toMatchObject({ exitCode: 0 })
  expect([await namesIn('public'), await namesIn('app')]).toEqual([['A', 'B'], ['X']])
})
