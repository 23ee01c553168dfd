import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failureOf } from '../src/kernel/index.ts'
import { backupsIn, contentsWithoutIndexes, D1_CONTENTS, fill, withoutMark } from './d1-backups.ts'
import type { D1Call, D1Fault, TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'
import { shortForm } from './short-form.ts'

// Each fault at each call: the store has a complete backup or none; a restore leaves the old database or the
// restored one, and Slipway reports which.

/** In the short form, each third call fails, one at a time. */
const STEP = process.env['FULL'] === '1' ? 1 : 3

let server: D1Server
let shop: TestDatabase
let root: string

beforeEach(async () => {
  server = await startD1Server()
  shop = server.create('shop')
  fill(shop.d1.file, D1_CONTENTS)
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-backup-faults-'))
})
afterEach(async () => {
  rmSync(root, { recursive: true })
  await server.stop()
})

const FAULTS: readonly D1Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 504, carriedOut: true },
  { kind: 'status', status: 429, retryAfter: 0 },
  { kind: 'reset' },
  { kind: 'lost-answer' },
  { kind: 'cut-answer' },
  { kind: 'page', status: 502 },
  { kind: 'silent', carriedOut: true },
]

/** The database's address. Calls are repeated long enough for a busy machine, unless no answer will come. */
function address(fault?: D1Fault, lasts = false) {
  const patienceMs = lasts ? 700 : fault?.kind === 'silent' ? 3000 : 60_000
  return { ...shop.address, patienceMs }
}

/** Injects a fault at one call, or at all calls from that one on. */
function faultAt(at: number, fault: D1Fault, lasts: boolean): void {
  const first = server.calls.length + at
  server.fault = ({ number }: D1Call) =>
    number === first || (lasts && number > first) ? fault : undefined
}

async function callsOf(work: () => Promise<unknown>): Promise<number> {
  server.fault = () => undefined
  const before = server.calls.length
  await work()
  return server.calls.length - before
}

const attempted = async (work: Promise<unknown>) =>
  await work.then(
    () => 'done',
    (error: unknown) => failureOf(error)?.code ?? `no failure: ${String(error)}`,
  )

/** Faults that occur once, or at all calls from one on. */
const CASES = FAULTS.flatMap((fault) => {
  const isLasting = fault.kind === 'reset' || fault.kind === 'lost-answer'
  return [false, ...(isLasting ? [true] : [])].map(
    (lasts) =>
      [
        `${fault.kind}${'status' in fault ? ` ${fault.status}` : ''}${lasts ? ' for ever' : ''}`,
        fault,
        lasts,
      ] as const,
  )
})

test.each(shortForm(CASES))(
  'a backup is complete or absent: %s',
  async (_what, fault, lasts) => {
    const calls = await callsOf(() => backupsIn(path.join(root, 'good')).create(address()))
    let whole = 0
    for (let at = 1; at <= calls; at++) {
      const folder = path.join(root, String(at))
      const one = backupsIn(folder)
      faultAt(at, fault, lasts)
      const ended = await attempted(one.create(address(fault, lasts)))
      server.fault = () => undefined
      expect(ended, `at ${at}`).toMatch(/^(?:done|DATABASE\.(?:UNREACHABLE|RATE_LIMITED))$/)
      if (ended === 'done') {
        whole += 1
        expect((await one.verify()).compared.differences).toEqual([])
      } else {
        const left = existsSync(folder) ? readdirSync(folder) : []
        expect(left.filter((name) => name.startsWith('backup-'))).toEqual([])
      }
    }
    expect(whole).toBe(lasts ? 0 : fault.kind === 'silent' ? whole : calls)
  },
  3_600_000,
)

const IMPORT_FAULTS = [
  { kind: 'import-error', message: 'disk I/O error: SQLITE_IOERR' },
  { kind: 'import-error', message: 'Not currently importing anything.' },
  { kind: 'forget' },
  { kind: 'cut-request', bytes: 100 },
] as const

/** Faults that only imports can have. */
const IMPORTS = IMPORT_FAULTS.map(
  (fault) => [`${fault.kind} ${'message' in fault ? fault.message : ''}`, fault, false] as const,
)

test.each(shortForm([...CASES, ...IMPORTS]))(
  'a restore changes everything or nothing, and reports which: %s',
  async (_what, fault, lasts) => {
    const at = backupsIn(path.join(root, 'store'))
    await at.create(address())
    const backedUp = contentsWithoutIndexes(shop.d1.file)
    shop.d1.import('DELETE FROM customers; CREATE TABLE later (v); INSERT INTO later VALUES (1)')
    const changed = contentsWithoutIndexes(shop.d1.file)
    const start = shop.d1.bookmark() ?? ''
    const calls = await callsOf(() => at.restore(address()))
    const counts: Record<string, number> = {}
    for (let call = 1; call <= calls; call += STEP) {
      shop.d1.restore(start)
      faultAt(call, fault, lasts)
      const ended = await attempted(at.restore(address(fault, lasts)))
      server.fault = () => undefined
      const now = withoutMark(contentsWithoutIndexes(shop.d1.file))
      const isNew = JSON.stringify(now) === JSON.stringify(backedUp)
      if (!isNew) expect(now, `at ${call}`).toEqual(changed)
      const said = {
        done: 'restored',
        'BACKUP.RESTORE_FAILED': 'as it was',
        'DATABASE.UNREACHABLE': 'as it was',
        'DATABASE.RATE_LIMITED': 'as it was',
        'DATABASE.OUTCOME_UNKNOWN': 'unknown',
      }[ended]
      const is = isNew ? 'restored' : 'as it was'
      if (said !== 'unknown') expect(said, `${ended} at ${call}`).toBe(is)
      counts[`${ended}, ${is}`] = (counts[`${ended}, ${is}`] ?? 0) + 1
    }
    // The outcome after one lost answer is found out. Only a database that never answers again leaves it
    // unknown.
    if (!lasts) expect(Object.keys(counts).filter((one) => one.includes('UNKNOWN'))).toEqual([])
    expect(counts['done, restored'] ?? 0).toBeGreaterThan(0)
  },
  3_600_000,
)
