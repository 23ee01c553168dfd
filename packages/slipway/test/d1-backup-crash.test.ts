import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folderStore, listBackups } from '../src/backup/index.ts'
import { contentsWithoutIndexes, D1_CONTENTS, fill, withoutMark } from './d1-backups.ts'
import type { TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'
import { addProject } from './wrangler.ts'

// Backups of remote D1 by processes that are killed at each API call, before and after it is carried out.

/** In the short form, processes are killed at each eighth call. */
const STEP = process.env['FULL'] === '1' ? 1 : 8
const PROGRAM = path.join(import.meta.dirname, '../bin/slipway.js')
const SECRET = 'a secret that must not be readable'

let server: D1Server
let shop: TestDatabase
let root: string
let identity: string
beforeEach(async () => {
  server = await startD1Server()
  shop = server.create('shop')
  fill(
    shop.d1.file,
    `${D1_CONTENTS}\nCREATE TABLE secret (v TEXT); INSERT INTO secret VALUES ('${SECRET}');`,
  )
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-backup-crash-'))
  addProject(root)
  mkdirSync(path.join(root, 'tmp'))
  const database = {
    binding: 'DB',
    database_name: 'shop',
    database_id: shop.address.databaseId,
  }
  const config = { name: 'shop', compatibility_date: '2026-10-01', d1_databases: [database] }
  writeFileSync(path.join(root, 'wrangler.jsonc'), JSON.stringify(config))
  identity = await generateX25519Identity()
  writeFileSync(path.join(root, 'key.txt'), identity)
  const backup = { encryption: { recipients: [await identityToRecipient(identity)] } }
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    `export default { environments: { production: { backup: ${JSON.stringify(backup)} } } }`,
  )
})
afterEach(async () => {
  rmSync(root, { recursive: true })
  await server.stop()
})

/** Runs a command in a separate process. Kills it when a call arrives, which is carried out or not. */
async function slipway(
  line: string,
  kill?: { readonly atCall: number; readonly carriedOut: boolean },
): Promise<{ readonly text: string; readonly exitCode: number | null; readonly calls: number }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [PROGRAM, ...line.split(' '), '--remote', '--no-interactive'],
    {
      cwd: root,
      env: { ...process.env, ...server.env, TMPDIR: path.join(root, 'tmp') },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let text = ''
  for (const pipe of [child.stdout, child.stderr])
    pipe?.setEncoding('utf8').on('data', (more: string) => (text += more))
  const before = server.calls.length
  server.fault = ({ number }) => {
    if (kill === undefined || number !== before + kill.atCall) return undefined
    child.kill('SIGKILL')
    return kill.carriedOut ? { kind: 'lost-answer' } : { kind: 'reset' }
  }
  await once(child, 'close')
  return { text, exitCode: child.exitCode, calls: server.calls.length - before }
}

function expectNothingReadable(where: string): void {
  const folders = [path.join(root, 'tmp'), path.join(root, 'prisma')]
  const found = spawnSync('grep', ['-rlaF', SECRET, ...folders.filter(existsSync)])
  expect(String(found.stdout), where).toBe('')
}

test('after a kill at each call, no incomplete backup is listed, and no data is readable', async () => {
  const whole = await slipway('backup create')
  expect(whole.exitCode, whole.text).toBe(0)
  const store = folderStore(path.join(root, 'prisma/backups'))
  for (let atCall = 1; atCall <= whole.calls; atCall += STEP) {
    const where = `killed at call ${atCall} of ${whole.calls}`
    const killed = await slipway('backup create', { atCall, carriedOut: atCall % 2 === 0 })
    expect(killed.exitCode, where).toBe(null)
    const { backups, unusable } = await listBackups(store)
    expect(unusable, where).toEqual([])
    expect(backups, where).toHaveLength(1)
    expectNothingReadable(where)
  }
  const verified = await slipway('backup verify --identity key.txt')
  expect(verified.exitCode, verified.text).toBe(0)
  const next = await slipway('backup create')
  expect(next.exitCode, next.text).toBe(0)
  expect((await listBackups(store)).backups).toHaveLength(2)
})

test.each([
  ['not carried out', false],
  ['carried out', true],
])(
  'a restore killed at each call, which is %s, has changed nothing or everything',
  async (_what, carriedOut) => {
    const made = await slipway('backup create')
    expect(made.exitCode, made.text).toBe(0)
    const backedUp = contentsWithoutIndexes(shop.d1.file)
    shop.d1.import('DELETE FROM customers; CREATE TABLE later (v); INSERT INTO later VALUES (1)')
    const changed = contentsWithoutIndexes(shop.d1.file)
    const start = shop.d1.bookmark() ?? ''
    const line = 'backup restore --identity key.txt --confirm shop'
    const whole = await slipway(line)
    expect(whole.exitCode, whole.text).toBe(0)
    const states = new Set<string>()
    for (let atCall = 1; atCall <= whole.calls; atCall += STEP) {
      const where = `killed at call ${atCall} of ${whole.calls}`
      shop.d1.restore(start)
      await slipway(line, { atCall, carriedOut })
      const now = withoutMark(contentsWithoutIndexes(shop.d1.file))
      const isNew = JSON.stringify(now) === JSON.stringify(backedUp)
      if (!isNew) expect(now, where).toEqual(changed)
      states.add(isNew ? 'restored' : 'as it was')
      expectNothingReadable(where)
      const again = await slipway(line)
      expect(again.exitCode, `${where}: ${again.text}`).toBe(0)
      expect(withoutMark(contentsWithoutIndexes(shop.d1.file)), where).toEqual(backedUp)
    }
    if (STEP === 1) expect([...states].toSorted()).toEqual(['as it was', 'restored'])
  },
)
