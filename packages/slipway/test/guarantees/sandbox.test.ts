import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HostileRun } from '../hostile-run.ts'
import { attempts } from '../hostile.ts'

// Migrations of a pull request are someone else's code. On a private server their SQL can read and change
// nothing on the machine, leaves nothing for the next command, and has limited resources.

const CANARY = 'canary-in-a-file'
const PASSWORD = 'canary-in-the-environment'
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-prey-'))
  chmodSync(folder, 0o777)
  writeFileSync(path.join(folder, 'canary'), CANARY, { mode: 0o644 })
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Makes all attempts in a separate process, under another account if one is given. */
async function makeAttempts(account?: { readonly uid: number; readonly gid: number }) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'slipway-hostile-'))
  const cacheDir = path.join(home, 'cache')
  mkdirSync(cacheDir)
  if (account) for (const one of [home, cacheDir]) chownSync(one, account.uid, account.gid)
  const program = path.join(import.meta.dirname, '..', 'hostile-run.ts')
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    DATABASE_URL: `postgresql://app:${PASSWORD}@127.0.0.1:1/app`,
    PGPORT: '5512',
    PGHOST: '127.0.0.1',
    PGUSER: 'somebody',
    PGOPTIONS: '-c search_path=nowhere',
    PGSSLMODE: 'require',
    PGSSLNEGOTIATION: 'direct',
    PGDATABASE: 'nothing',
    PGSERVICE: 'none',
    PGPASSFILE: path.join(home, 'none'),
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [program, cacheDir, path.join(folder, 'canary'), folder],
      { env, cwd: '/', ...account },
    )
    return { run: JSON.parse(stdout) as HostileRun, said: stdout + stderr, home }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** Command lines of all running processes that the system shows. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return []
      }
    })
}

const accounts = [
  { who: isRoot ? 'root' : 'an ordinary user', account: undefined },
  ...(isRoot ? [{ who: 'an ordinary user', account: { uid: NOBODY, gid: NOBODY } }] : []),
]

describe.skipIf(process.platform !== 'linux').each(accounts)('as $who', ({ account }) => {
  let made: Awaited<ReturnType<typeof makeAttempts>>

  beforeAll(async () => {
    made = await makeAttempts(account)
  }, 600_000)

  test('each attempt is refused or limited', () => {
    const prey = { file: path.join(folder, 'canary'), folder }
    const expected = attempts(prey).map(({ name, ends }) => ({ name, ended: ends }))
    expect(made.run.outcomes.map(({ name, ended }) => ({ name, ended }))).toEqual(expected)
    expect(expected.length).toBeGreaterThanOrEqual(50)
  })

  test('nothing is read', () => {
    expect(made.said).not.toContain(CANARY)
    expect(made.said).not.toContain(PASSWORD)
  })

  test('the server has none of the environment variables, and a memory limit', () => {
    const { environment, limits } = made.run.process
    const variables = environment.split('\0').filter(Boolean)
    expect(variables.toSorted()).toEqual(['LC_ALL=C', 'PATH=/usr/bin:/bin', 'TZ=UTC'])
    expect(limits).toMatch(/Max address space +4294967296/)
  })

  test('nothing is left on the server', () => {
    expect(made.run.left).toEqual({
      roles: [],
      databases: ['postgres', 'template0', 'template1'],
      settings: [],
      file: expect.not.stringMatching(/^[^#\n]*=/m),
    })
  })

  test('nothing is left on the machine', () => {
    expect(readdirSync(folder)).toEqual(['canary'])
    expect(commandLines().filter((text) => text.includes(made.home))).toEqual([])
  })
})

test.skipIf(process.platform !== 'linux')(
  'a cache folder that others can change is not used; the server runs in a temporary one',
  async () => {
    const home = mkdtempSync(path.join(os.tmpdir(), 'slipway-home-'))
    const trap = path.join(folder, 'trap')
    for (const one of [trap, path.join(home, 'cache')]) mkdirSync(one)
    symlinkSync(trap, path.join(home, 'cache', 'slipway'))
    const account = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    if (isRoot)
      for (const one of [trap, home, path.join(home, 'cache')]) chownSync(one, NOBODY, NOBODY)
    const source = path.join(import.meta.dirname, '..', '..', 'src', 'shadow', 'index.ts')
    const program = `
      const { withShadowDatabase } = await import(${JSON.stringify(source)})
      const options = { dialect: 'postgres', cacheDir: ${JSON.stringify(path.join(home, 'project'))} }
      await withShadowDatabase(options, [], async ({ kind }) => process.stdout.write(kind))`
    const env = { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: path.join(home, 'cache') }
    const args = ['--input-type=module', '--eval', program]
    const run = await promisify(execFile)(process.execPath, args, { env, cwd: '/', ...account })
    expect(run.stdout).toBe('postgres')
    expect(readdirSync(trap)).toEqual([])
    rmSync(home, { recursive: true })
    rmSync(trap, { recursive: true })
  },
)
