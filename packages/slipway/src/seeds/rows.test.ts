import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { readSeedSets } from './find.ts'
import { queryOf, rowsOf } from './rows.ts'

const ENDINGS = ['csv', 'ndjson', 'json', 'sql']

/** A seed set with one table and its data file. */
function newSet(ending: string) {
  const root = mkdtempSync(path.join(tmpdir(), 'slipway-seeds-'))
  const folder = path.join(root, 'seeds', 'plans')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `Plan.${ending}`)
  const set = { version: 1, tables: { Plan: { key: ['code'] } } }
  writeFileSync(path.join(folder, 'set.json'), JSON.stringify(set))
  writeFileSync(file, '')
  return { root, folder, file }
}

async function load(file: string): Promise<unknown> {
  const table = { rows: { file } }
  if ((await queryOf(table, 'postgres')) !== undefined) return undefined
  for await (const row of rowsOf({ table })) expect(row).toBeDefined()
  return undefined
}

async function whyNot(work: Promise<unknown>) {
  const failure = failureOf(await work.catch((error: unknown) => error))
  return { code: failure?.code, why: failure?.why }
}

const find = (root: string) =>
  readSeedSets({ root, folders: [path.join(root, 'seeds')], environment: {} })

test.each(ENDINGS)('a .%s file that is deleted after it was found', async (ending) => {
  const { root, file } = newSet(ending)
  expect(await find(root)).toHaveLength(1)
  rmSync(file)
  expect(await whyNot(load(file))).toEqual({
    code: 'SEEDS.FILE_INVALID',
    why: 'There is no such file.',
  })
})

test.each(ENDINGS)('a folder in place of a .%s file', async (ending) => {
  const { root, file } = newSet(ending)
  rmSync(file)
  mkdirSync(file)
  expect(await find(root)).toHaveLength(1)
  expect(await whyNot(load(file))).toEqual({ code: 'SEEDS.FILE_INVALID', why: 'It is a folder.' })
})

test('a broken link is not a file; a link to a file is one, and its content is in the checksum', async () => {
  const { root, file, folder } = newSet('csv')
  rmSync(file)
  const real = path.join(root, 'real.csv')
  symlinkSync(real, file)
  expect(await whyNot(find(root))).toMatchObject({ code: 'SEEDS.SET_INVALID' })
  writeFileSync(real, 'code\nbasic\n')
  const [before] = await find(root)
  writeFileSync(real, 'code\nteam\n')
  const [after] = await find(root)
  expect(after?.checksum).not.toBe(before?.checksum)
  const loop = path.join(folder, 'loop.csv')
  symlinkSync(loop, loop)
  expect(await whyNot(load(loop))).toEqual({
    code: 'SEEDS.FILE_INVALID',
    why: 'It is a symbolic link loop.',
  })
})

/** Calls a function of a module in another process, without root's permissions. */
function asOrdinaryUser(module: string, call: string): string {
  const url = new URL(module, import.meta.url).href
  const code = `import * as m from ${JSON.stringify(url)}
    try { ${call}; console.log('done') } catch (error) {
      const failure = error.failure ?? {}; console.log(failure.code + ': ' + failure.why) }`
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const args = ['--input-type=module', '-e', code]
  const { stdout, stderr } = spawnSync(process.execPath, args, { ...user, encoding: 'utf8' })
  expect(stderr).not.toContain('Error')
  return stdout.trim()
}

const FORBIDDEN = 'SEEDS.FILE_INVALID: You are not allowed to read it.'

test.each(ENDINGS)('a .%s file that the user may not read', (ending) => {
  const { root, file } = newSet(ending)
  chmodSync(root, 0o755)
  chmodSync(file, 0o000)
  const call = `const t = { rows: { file: ${JSON.stringify(file)} } }
    await m.queryOf(t, 'postgres'); for await (const row of m.rowsOf({ table: t })) console.log(row)`
  expect(asOrdinaryUser('./rows.ts', call)).toBe(FORBIDDEN)
})

test.each(['file', 'folder'] as const)('a %s of a set that the user may not read', (what) => {
  const { root, ...paths } = newSet('csv')
  chmodSync(root, 0o755)
  chmodSync(paths[what], 0o000)
  const folders = JSON.stringify([path.join(root, 'seeds')])
  const call = `await m.readSeedSets({ root: ${JSON.stringify(root)}, folders: ${folders}, environment: {} })`
  expect(asOrdinaryUser('./find.ts', call)).toBe(FORBIDDEN)
})

test.each([
  ["SELECT 'x' AS code) AS seed; COMMIT; SELECT * FROM (SELECT 'x' AS code", 'STATEMENTS.SYNTAX'],
  ['SELECT 1 AS code; COMMIT', 'SEEDS.FILE_INVALID'],
  ['-- nothing', 'SEEDS.FILE_INVALID'],
  ['SELECT 1 AS code;\0SELECT 2', 'SEEDS.FILE_INVALID'],
])('SQL that is not one query is refused before it is sent: %j', async (sql, code) => {
  const { file } = newSet('sql')
  writeFileSync(file, sql)
  expect(await whyNot(load(file))).toMatchObject({ code })
})

test('a query may end in a semicolon and have comments', async () => {
  const { file } = newSet('sql')
  writeFileSync(file, "-- plans\nSELECT 'a' AS code; -- end\n")
  expect(await queryOf({ rows: { file } }, 'postgres')).toBe("SELECT 'a' AS code")
})

test.each(['absolute', 'relative', 'by a link'])(
  'rows outside the project are refused, %s',
  async (how) => {
    const { root, folder, file } = newSet('json')
    const outside = path.join(path.dirname(root), `${path.basename(root)}-outside.json`)
    writeFileSync(outside, '[]')
    const rows = { absolute: outside, relative: path.relative(folder, outside) }[how]
    if (rows === undefined) {
      rmSync(file)
      symlinkSync(outside, file)
    }
    const set = { version: 1, tables: { Plan: { key: ['code'], ...(rows ? { rows } : {}) } } }
    writeFileSync(path.join(folder, 'set.json'), JSON.stringify(set))
    expect(await whyNot(find(root))).toEqual({
      code: 'SEEDS.SET_INVALID',
      why: 'The file of tables.Plan is outside the project.',
    })
    rmSync(outside)
  },
)
