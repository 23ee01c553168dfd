import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { seedProject, type SeedProject } from './seed-project.ts'

// Code of a set or a configuration that hangs, throws or cannot be loaded is reported as the user's error,
// with its file, its line and what is missing. It leaves no lock.

const SQL = 'CREATE TABLE item (code text PRIMARY KEY, n integer);'
const PROGRAM = fileURLToPath(new URL('../bin/slipway.js', import.meta.url))

let project: SeedProject
beforeEach(async () => {
  project = await seedProject(SQL)
})
afterEach(async () => project.drop())

function code(rows: string, before = ''): void {
  project.write({
    'code.ts': `${before}\nexport default { version: 1, tables: { item: { key: ['code'], rows: ${rows} } } }\n`,
  })
}

/** Starts the command as a separate process. */
function start(...args: readonly string[]) {
  const argv = [PROGRAM, ...args, '--url', project.target.url, '--json', '--no-interactive']
  const child = spawn(process.execPath, argv, {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', DATABASE_URL: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const ended = new Promise<{ exit: number | string | null; failure: Failed; text: string }>(
    (resolve) => {
      child.once('close', (exit, signal) => {
        const failure = stdout === '' ? null : (JSON.parse(stdout) as { failure: Failed }).failure
        resolve({ exit: exit ?? signal, failure, text: stdout + stderr })
      })
    },
  )
  const seen = async (text: string) =>
    await vi.waitFor(() => expect(stdout + stderr).toContain(text), {
      timeout: 60_000,
      interval: 50,
    })
  return { child, ended, seen }
}

type Failed = {
  code: string
  message: string
  why?: string
  where?: { file?: string; line?: number }
  nextActions: { label: string; command?: string }[]
} | null

/** Remaining sessions of a seed, and whether the lock is held. */
async function leftBehind(): Promise<unknown> {
  return await project.target.sql(
    `SELECT a.application_name, l.locktype FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory'
     WHERE a.datname = current_database() AND a.application_name LIKE 'slipway%'`,
  )
}

const ENDLESS = {
  'an endless async generator': `async function* () { console.error('begun'); for (let n = 0; ; n++) yield { code: 'k' + n, n } }`,
  'an endless generator': `function* () { console.error('begun'); for (let n = 0; ; n++) yield { code: 'k' + n, n } }`,
  'a generator that waits forever': `async function* () { yield { code: 'a', n: 1 }; console.error('begun'); await new Promise(() => {}) }`,
  'a function whose promise never settles': `() => { console.error('begun'); return new Promise(() => {}) }`,
  'a list that contains a promise': `[(console.error('begun'), new Promise(() => {}))]`,
}

describe('code that does not end', () => {
  describe.each(['SIGINT', 'SIGTERM'] as const)('is stopped by %s', (signal) => {
    test.each(Object.entries(ENDLESS))('%s', async (_name, rows) => {
      code(rows)
      const { child, ended, seen } = start('seed', 'run')
      await seen('begun')
      await sleep(300)
      child.kill(signal)
      const { exit, failure, text } = await ended
      expect(exit, text).toBe(signal === 'SIGINT' ? 130 : 143)
      expect(failure, text).toMatchObject({
        code: 'SEEDS.STOPPED',
        where: { file: expect.stringMatching(/code\.ts$/) },
      })
      expect(failure?.message).toContain('the rows of item in code')
      expect(await leftBehind()).toEqual([])
      expect(await project.target.sql('SELECT FROM item')).toEqual([])
    })
  })

  test.each(Object.entries(ENDLESS))('is stopped at the deadline: %s', async (_name, rows) => {
    code(rows)
    writeFileSync(
      path.join(project.root, 'slipway.config.ts'),
      `export default { environments: { development: { deploy: { deadline: '1500ms' } } } }\n`,
    )
    for (const command of ['run', 'verify']) {
      const { failure, stdout } = await project.seed(command)
      expect(failure, stdout).toMatchObject({
        code: 'SEEDS.DEADLINE',
        where: { file: expect.stringMatching(/code\.ts$/) },
      })
      expect(failure?.message).toContain('the rows of item in code')
      expect(await leftBehind()).toEqual([])
    }
    expect(await project.target.sql('SELECT FROM item')).toEqual([])
  })

  const NEVER = 'await new Promise(() => {})'
  const BUSY = `setInterval(() => {}, 1000); console.error('begun'); ${NEVER}`

  test('a set whose top-level await never resolves is named', async () => {
    code('[]', NEVER)
    const { exit, failure, text } = await start('seed', 'run').ended
    expect(exit, text).toBe(2)
    expect(failure, text).toMatchObject({
      code: 'SEEDS.CODE_FAILED',
      message: 'prisma/seeds/code.ts does not finish loading.',
      why: 'It waits for a promise that never resolves.',
    })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'a set that waits while it loads is stopped by %s and holds no lock',
    async (signal) => {
      code('[]', BUSY)
      const { child, ended, seen } = start('seed', 'run')
      await seen('begun')
      expect(await leftBehind()).toEqual([])
      child.kill(signal)
      const { exit, failure, text } = await ended
      expect(exit, text).toBe(signal === 'SIGINT' ? 130 : 143)
      expect(failure, text).toMatchObject({ why: 'prisma/seeds/code.ts was still loading.' })
    },
  )

  test('a set that waits while it loads is stopped at the deadline', async () => {
    code('[]', BUSY)
    writeFileSync(
      path.join(project.root, 'slipway.config.ts'),
      `export default { environments: { development: { deploy: { deadline: '1500ms' } } } }\n`,
    )
    const { exit, failure, text } = await start('seed', 'run').ended
    expect(exit, text).toBe(2)
    expect(failure, text).toMatchObject({
      code: 'SEEDS.CODE_FAILED',
      why: 'It did not finish loading within 1.5 s.',
    })
  })

  test('a set may wait while it loads, with a deadline of any length', async () => {
    code(`[{ code: 'a' }]`, 'await new Promise((resolve) => setTimeout(resolve, 50))')
    writeFileSync(
      path.join(project.root, 'slipway.config.ts'),
      `export default { environments: { development: { deploy: { deadline: '60d' } } } }\n`,
    )
    const { exit, text } = await start('seed', 'run').ended
    expect(exit, text).toBe(0)
    expect(await project.target.sql('SELECT code FROM item')).toEqual([{ code: 'a' }])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'a set that occupies the process while it loads is stopped by %s',
    async (signal) => {
      code('[]', `console.error('begun'); for (;;);`)
      const { child, ended, seen } = start('seed', 'run')
      await seen('begun')
      child.kill(signal)
      expect((await ended).exit).toBe(signal)
    },
  )

  test.each([
    ['slipway.config.ts', 'seed status'],
    ['prisma.config.ts', 'status'],
    ['slipway.config.ts', 'deploy'],
  ] as const)('%s that never resolves: %s exits 2 and names it', async (file, line) => {
    writeFileSync(path.join(project.root, file), `${NEVER}\nexport default {}\n`)
    const { exit, failure, text } = await start(...line.split(' ')).ended
    expect(exit, text).toBe(2)
    expect(failure, text).toMatchObject({
      code: 'PROJECT.CONFIG_INVALID',
      message: `${file} does not finish loading.`,
      where: { file },
    })
  })

  test('a configuration that waits while it loads is stopped by a signal', async () => {
    writeFileSync(path.join(project.root, 'slipway.config.ts'), `${BUSY}\nexport default {}\n`)
    const { child, ended, seen } = start('deploy')
    await seen('begun')
    child.kill('SIGTERM')
    const { exit, failure, text } = await ended
    expect(exit, text).toBe(143)
    expect(failure?.why, text).toBe('slipway.config.ts was still loading.')
  })
})

describe('failing code is reported as an error of the user', () => {
  test.each<[string, string, string, number, RegExp]>([
    [
      'a generator that throws',
      `function* () {\n yield { code: 'a' }\n throw new Error('no rates') }`,
      '',
      4,
      /^no rates\./,
    ],
    [
      'an async generator that throws',
      `async function* () {\n yield { code: 'a' }\n await null\n throw new TypeError('no rates') }`,
      '',
      5,
      /^no rates\./,
    ],
    [
      'a function that rejects',
      `async () => { throw new Error('no rates') }`,
      '',
      2,
      /^no rates\./,
    ],
    ['a module that throws', '[]', `throw new RangeError('no rates')`, 1, /^no rates\./],
    ['a module that does not parse', '[]', `const a = ;`, 1, /^Expression expected\./],
    [
      'a module that calls an undefined value',
      '[]',
      `undefined.rates()`,
      1,
      /^Cannot read properties/,
    ],
    ['a helper that throws', 'rates()', `import { rates } from './_rates.ts'`, 2, /^no rates\./],
  ])('%s', async (_name, rows, before, line, why) => {
    project.write({ '_rates.ts': `export function rates() {\n  throw new Error('no rates') }\n` })
    code(rows, before)
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({ code: 'SEEDS.CODE_FAILED', where: { line } })
    expect(failure?.why, stdout).toMatch(why)
    expect(failure?.where?.file).toMatch(rows === 'rates()' ? /_rates\.ts$/ : /code\.ts$/)
    expect(stdout).not.toMatch(/--config|bug in Slipway/)
    expect(await project.target.sql('SELECT FROM item')).toEqual([])
  })

  test('a module that rejects while it loads', async () => {
    code('[]', `await Promise.reject(new Error('no rates'))`)
    const { failure, text } = await start('seed', 'run').ended
    expect(failure, text).toMatchObject({
      code: 'SEEDS.CODE_FAILED',
      why: 'no rates.',
      where: { file: expect.stringMatching(/code\.ts$/), line: 1 },
    })
  })

  test.each([
    ['@faker-js/faker/locale/de', 'npm install @faker-js/faker'],
    ['left-pad', 'npm install left-pad'],
  ])('a missing package: %s', async (name, command) => {
    code('[]', `import { faker } from '${name}'`)
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({
      code: 'SEEDS.CODE_FAILED',
      where: { file: expect.stringMatching(/code\.ts$/) },
    })
    expect(stdout).toContain(command)
    expect(stdout).not.toContain('--config')
  })

  test.each([
    ['() => 5', /neither a list nor a generator/],
    ['() => undefined', /neither a list nor a generator/],
    [`() => { throw 'text' }`, /^text\./],
    ['() => { throw undefined }', /^undefined\./],
    [`() => ({ [Symbol.iterator]: () => ({ next: () => { throw new Error('odd') } }) })`, /^odd\./],
  ])('rows: %s', async (rows, why) => {
    code(rows)
    const { failure, stdout } = await project.seed('run')
    expect(failure, stdout).toMatchObject({ code: 'SEEDS.CODE_FAILED' })
    expect(failure?.why).toMatch(why)
  })
})
