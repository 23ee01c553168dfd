import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, expect, test } from 'vitest'
import { folderStore, listBackups, verifyBackup } from '../index.ts'

const POINTS = process.env['FULL'] === '1' ? 100 : 8
const SECRET = 'a secret that must not be readable'
const folder = mkdtempSync(path.join(tmpdir(), 'slipway-sqlite-crash-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = path.join(folder, 'shop.db')
const temporary = path.join(folder, 'tmp')
mkdirSync(temporary)

/**
 * Runs a command in its own process. Returns its duration in ms, or undefined if it was killed before it
 * ended.
 */
async function run(verb: 'create' | 'restore', given: object, killAfterMs?: number) {
  const program = `
    const { createBackup, restoreBackup, folderStore } = await import(${JSON.stringify(path.join(import.meta.dirname, '../index.ts'))})
    const { store, ...given } = ${JSON.stringify(given)}
    const common = { store: folderStore(store), env: process.env, signal: new AbortController().signal, emit() {}, jobs: 1 }
    process.stdout.write('begins')
    const began = performance.now()
    if (${JSON.stringify(verb)} === 'create')
      await createBackup({ ...common, environment: 'testing', globals: false, sums: true, excludedData: { asked: [], configured: [] }, schemas: ['main'], before: [], version: '0', ...given })
    else
      await restoreBackup({ ...common, name: { environment: 'testing' }, tables: [], dataOnly: false, noOwner: false, dropOld: true, mayConsent: true, consent: async () => {}, ...given })
    process.stdout.write(' ' + Math.round(performance.now() - began))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const begins = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    begins.resolve()
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await Promise.race([begins.promise, ended])
  if (killAfterMs !== undefined) {
    await Promise.race([sleep(killAfterMs), ended])
    child.kill('SIGKILL')
  }
  await ended
  const took = said.split(' ')[1]
  return took === undefined ? undefined : Number(took)
}

function fill(): void {
  const database = new DatabaseSync(file)
  database.exec(`CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
    INSERT INTO note SELECT i, '${SECRET}' || hex(randomblob(16)) FROM n`)
  database.close()
}

test(`killed at ${POINTS} points, no incomplete backup is listed and no plaintext is on disk`, async () => {
  fill()
  const identity = await generateX25519Identity()
  const encryption = { kind: 'recipients', recipients: [await identityToRecipient(identity)] }
  const storeFolder = path.join(folder, 'store')
  const created = { store: storeFolder, address: { kind: 'sqlite', file }, encryption }
  const took = (await run('create', created)) ?? 0
  expect(took).toBeGreaterThan(0)
  for (let at = 0; at < POINTS; at++) {
    await run('create', created, (took * at) / (POINTS - 1))
    const { backups, unusable } = await listBackups(folderStore(storeFolder))
    expect(unusable).toEqual([])
    expect(backups.length).toBeGreaterThan(0)
    const readable = spawnSync('grep', ['-rlaF', SECRET, storeFolder, temporary])
    expect(String(readable.stdout)).toBe('')
  }
  const store = folderStore(storeFolder)
  const { compared } = await verifyBackup({
    store,
    name: { id: undefined, environment: 'testing' },
    keys: { identities: [identity], passphrases: [] },
    quick: false,
    jobs: 1,
    server: undefined,
    env: {},
    signal: new AbortController().signal,
    emit: () => {},
  })
  expect(compared.differences).toEqual([])

  const keys = { identities: [identity], passphrases: [] }
  const restored = { store: storeFolder, address: { kind: 'sqlite', file }, keys }
  const good = path.join(folder, 'changed.good')
  const changed = new DatabaseSync(file)
  changed.exec('DELETE FROM note WHERE id > 100')
  changed.close()
  copyFileSync(file, good)
  const restoreTook = (await run('restore', restored)) ?? 0
  const counts = new Set<unknown>()
  for (let at = 0; at < POINTS; at++) {
    copyFileSync(good, file)
    await run('restore', restored, (restoreTook * at) / (POINTS - 1))
    const database = new DatabaseSync(file)
    counts.add(database.prepare('SELECT count(*) AS n FROM note').get()?.['n'])
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
  }
  expect([...counts].every((one) => one === 100 || one === 60_000)).toBe(true)
  await run('restore', restored)
  expect(readdirSync(folder).filter((name) => name.includes('slipway-restore'))).toEqual([])
}, 900_000)
