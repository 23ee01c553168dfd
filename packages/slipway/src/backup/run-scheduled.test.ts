import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { type Clock, type EndedRun, runScheduled, type ScheduledRuns } from './run-scheduled.ts'
import type { Health } from './schedule-health.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.parse('2026-11-29T15:00:00Z')

let folder: string
let abort: AbortController

beforeEach(() => {
  process.env.TZ = 'UTC'
  folder = mkdtempSync(path.join(os.tmpdir(), 'schedule-'))
  abort = new AbortController()
})

const file = (name: string) => path.join(folder, name)
const healthOf = () => JSON.parse(readFileSync(file('health.json'), 'utf8')) as Health

interface FastClock extends Clock {
  time: number
}

/** A clock whose pauses pass immediately; aborts after `end` ms of pauses. `jumps` set it to another time. */
function fastClock(
  end: number,
  jumps: readonly (readonly [at: number, to: number])[] = [],
): FastClock {
  const left = [...jumps]
  let passed = 0
  const clock: FastClock = {
    time: START,
    now: () => clock.time,
    pause: async (ms) => {
      clock.time += ms
      passed += ms
      const [next] = left
      if (next && clock.time >= next[0]) {
        clock.time = next[1]
        left.shift()
      }
      if (passed > end) abort.abort()
    },
  }
  return clock
}

async function follow(change: Partial<ScheduledRuns>): Promise<EndedRun[]> {
  const ended: EndedRun[] = []
  await runScheduled({
    every: '0 3 * * *',
    lockFile: file('lock'),
    healthFile: file('health.json'),
    signal: abort.signal,
    run: async () => {},
    onEnd: (run) => void ended.push(run),
    ...change,
  })
  return ended
}

describe('times', () => {
  test('runs at each time, and not earlier', async () => {
    const ended = await follow({ clock: fastClock(3 * DAY) })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual([
      '2026-11-30T03:00:00.000Z',
      '2026-12-01T03:00:00.000Z',
      '2026-12-02T03:00:00.000Z',
    ])
    expect(ended.map(({ previous }) => previous)).toEqual([undefined, 'ok', 'ok'])
  })

  test('times missed by a sleeping machine become one run', async () => {
    const wakes = Date.parse('2026-12-05T09:00:00Z')
    const ended = await follow({ clock: fastClock(2 * DAY, [[START + HOUR, wakes]]) })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual([
      '2026-12-05T09:00:00.000Z',
      '2026-12-06T03:00:00.000Z',
      '2026-12-07T03:00:00.000Z',
    ])
  })

  test('times that passed during a long run become one run', async () => {
    const clock = fastClock(DAY)
    let runs = 0
    const run = async () => {
      runs += 1
      if (runs === 1) clock.time += 3.5 * DAY
    }
    const ended = await follow({ clock, run })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual([
      '2026-11-30T03:00:00.000Z',
      '2026-12-03T15:00:00.000Z',
      '2026-12-04T03:00:00.000Z',
    ])
  })

  test('a clock set back by years delays no run', async () => {
    const back = Date.parse('2020-01-01T12:00:00Z')
    const ended = await follow({ clock: fastClock(2 * DAY, [[START + HOUR, back]]) })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual([
      '2020-01-02T03:00:00.000Z',
      '2020-01-03T03:00:00.000Z',
    ])
  })

  test('a clock that ran ahead and was corrected causes one extra run, and no missing one', async () => {
    const ahead = Date.parse('2099-01-01T12:00:00Z')
    const clock = fastClock(2 * DAY, [
      [START + HOUR, ahead],
      [ahead + HOUR, START + 2 * HOUR],
    ])
    const ended = await follow({ clock })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual([
      '2099-01-01T12:00:00.000Z',
      '2026-11-30T03:00:00.000Z',
      '2026-12-01T03:00:00.000Z',
    ])
  })

  test('the next process starts a run that was missed while none was running', async () => {
    await follow({ clock: fastClock(DAY) })
    abort = new AbortController()
    const clock = fastClock(HOUR)
    clock.time = START + 10 * DAY
    const ended = await follow({ clock })
    expect(ended.map(({ startedAt }) => startedAt)).toEqual(['2026-12-09T15:00:00.000Z'])
    abort = new AbortController()
    const again = fastClock(HOUR)
    again.time = START + 10 * DAY + 2 * HOUR
    expect(await follow({ clock: again })).toEqual([])
  })

  test.each(['', '{}', '{"last":{"outcome":"ok","startedAt":"?"}}', '{"last":7}'])(
    'ignores a health file with other content: %s',
    async (text) => {
      writeFileSync(file('health.json'), text)
      expect(await follow({ clock: fastClock(DAY) })).toHaveLength(1)
    },
  )

  test('runs every second by the system clock', async () => {
    let runs = 0
    const run = async () => {
      runs += 1
      if (runs === 2) abort.abort()
    }
    await follow({ every: '* * * * * *', run })
    expect(runs).toBe(2)
  })
})

describe('runs', () => {
  test('never overlap, and a failure does not end the schedule', async () => {
    let running = 0
    const run = async () => {
      running += 1
      expect(running).toBe(1)
      await sleep(5)
      running -= 1
      raise('BACKUP.DUMP_FAILED', { message: 'failed at postgres://shop:hunter2@db/shop' })
    }
    const ended = await follow({ every: '* * * * *', clock: fastClock(5 * MINUTE), run })
    expect(ended).toHaveLength(5)
    expect(ended.map(({ previous }) => previous)).toEqual([
      undefined,
      ...Array<string>(4).fill('failed'),
    ])
    const codes = ended.map(({ error }) => failureOf(error)?.code)
    expect(codes).toEqual(Array<string>(5).fill('BACKUP.DUMP_FAILED'))
    expect(healthOf()).toMatchObject({
      status: 'failed',
      last: { failure: { code: 'BACKUP.DUMP_FAILED' } },
    })
    expect(readFileSync(file('health.json'), 'utf8')).not.toContain('hunter2')
  })

  test('a success after a failure is recognized, even after a restart', async () => {
    const fail = async () => raise('BACKUP.DUMP_FAILED', { message: 'failed' })
    await follow({ clock: fastClock(DAY), run: fail })
    abort = new AbortController()
    const clock = fastClock(DAY)
    clock.time = START + DAY
    const ended = await follow({ clock })
    expect(ended).toMatchObject([{ outcome: 'ok', previous: 'failed' }])
    expect(healthOf().status).toBe('ok')
  })

  test('only one process follows a schedule with a lock file', async () => {
    const first = follow({ every: '0 0 1 1 *' })
    await expect.poll(() => existsSync(file('lock')), { timeout: 60_000 }).toBe(true)
    const second = await follow({}).then(() => undefined, failureOf)
    expect(second?.code).toBe('BACKUP.RUNNING')
    abort.abort()
    await first
    abort = new AbortController()
    expect(await follow({ clock: fastClock(DAY) })).toHaveLength(1)
  })

  test('ignores a lock left by an earlier process with the same ID, but not that of a running process', async () => {
    writeFileSync(file('lock'), String(process.pid))
    expect(await follow({ clock: fastClock(DAY) })).toHaveLength(1)
    writeFileSync(file('lock'), String(process.ppid))
    expect((await follow({}).then(() => undefined, failureOf))?.code).toBe('BACKUP.RUNNING')
  })

  test('a lock file in a place where none can be written is a failure', async () => {
    writeFileSync(file('plain'), '')
    const failure = await follow({ lockFile: path.join(file('plain'), 'lock') }).then(
      () => undefined,
      failureOf,
    )
    expect(failure).toMatchObject({
      code: 'BACKUP.SCHEDULE_INVALID',
      message: expect.stringContaining('lock file') as string,
    })
  })

  test('the signal stops a running backup cleanly, and the next process repeats the run', async () => {
    const steps: string[] = []
    const run = async (signal: AbortSignal) => {
      setTimeout(() => abort.abort(), 20)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await sleep(20)
      steps.push('removed what was stored')
      signal.throwIfAborted()
    }
    expect(await follow({ clock: fastClock(DAY), run })).toEqual([])
    expect(steps).toEqual(['removed what was stored'])
    expect(healthOf().last).toBeUndefined()
  })

  test('the signal ends the wait immediately', async () => {
    const began = performance.now()
    setTimeout(() => abort.abort(), 20)
    await follow({ every: '0 0 1 1 *' })
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

describe('health', () => {
  async function freePort(): Promise<number> {
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    return port
  }

  test('responds 200 while healthy, 503 after a failure and when a run is overdue', async () => {
    const port = await freePort()
    const clock = { time: START, now: () => clock.time, pause: async () => await sleep(5) }
    const outcomes = ['ok', 'failed', 'ok', 'hangs']
    let begun = 0
    let hangs = () => {}
    const run = async () => {
      begun += 1
      const outcome = outcomes.shift()
      if (outcome === 'failed') raise('BACKUP.DUMP_FAILED', { message: 'failed' })
      if (outcome === 'hangs') await new Promise<void>((resolve) => (hangs = resolve))
    }
    const following = follow({ clock, port, run })
    const state = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
      const health = (await response?.json()) as Health | undefined
      return [begun, response?.status, health?.status]
    }
    const becomes = async (...expected: readonly unknown[]) =>
      await expect.poll(state, { timeout: 60_000 }).toEqual(expected)
    await becomes(0, 200, 'ok')
    for (const expected of [
      [1, 200, 'ok'],
      [2, 503, 'failed'],
      [3, 200, 'ok'],
      [4, 200, 'ok'],
    ]) {
      clock.time += DAY
      await becomes(...expected)
    }
    clock.time += 2 * DAY
    await becomes(4, 503, 'overdue')
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${port}/health`, { method: 'POST' })).status).toBe(404)
    hangs()
    abort.abort()
    await following
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed')
  })

  test('an unwritable file is a failure at the start, but later does not end the schedule', async () => {
    writeFileSync(file('no-folder'), '')
    const wrong = await follow({ healthFile: file('no-folder/health.json') }).then(
      () => undefined,
      failureOf,
    )
    expect(wrong?.code).toBe('BACKUP.SCHEDULE_INVALID')
    mkdirSync(file('sub'))
    const healthFile = file('sub/health.json')
    const once = async () => {
      rmSync(file('sub'), { recursive: true })
      writeFileSync(file('sub'), 'no folder any more')
    }
    const runs = [once, async () => {}]
    const ended = await follow({
      clock: fastClock(2 * DAY),
      healthFile,
      run: async () => await runs.shift()?.(),
    })
    expect(ended.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
  })

  test('fails if the port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const failure = await follow({ port }).then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.SCHEDULE_INVALID')
    expect(failure?.why).toContain('EADDRINUSE')
    await new Promise((resolve) => other.close(resolve))
  })
})

test.each(['', 'x', '61 * * * *', '0 0 30 2 *', '* * *'])(
  'refuses the pattern %j',
  async (every) => {
    const failure = await follow({ every }).then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.SCHEDULE_INVALID')
  },
)
