import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openProject, type ProjectOptions } from './index.ts'

let cwd = ''
beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'slipway-arguments-'))
})
afterAll(() => rmSync(cwd, { recursive: true }))

type Untyped = (...args: readonly unknown[]) => Promise<{
  readonly ok: boolean
  readonly failure?: { readonly code: string; readonly message: string; readonly why?: string }
}>

/** All methods, as untyped JavaScript calls them. */
async function methods(options: unknown = { cwd, env: {} }): Promise<Record<string, Untyped>> {
  const { commandLine: _, ...slipway } = await openProject(options as ProjectOptions)
  const found = Object.entries(slipway).flatMap(([name, value]): [string, unknown][] => [
    ...(typeof value === 'function' ? [[name, value] as [string, unknown]] : []),
    ...Object.entries(value).map(([below, one]): [string, unknown] => [`${name}.${below}`, one]),
  ])
  return Object.fromEntries(found) as Record<string, Untyped>
}

const TEXT = 'a text'
const VALUES = [undefined, null, 0, -1, 1.5, Number.NaN, TEXT, [], [1], {}, { unknown: 1 }, () => 1]

test('no method throws on invalid arguments: each returns a failure with a code', async () => {
  const all = await methods()
  expect(Object.keys(all).toSorted()).toMatchInlineSnapshot(`
    [
      "backup.create",
      "backup.list",
      "backup.prune",
      "backup.restore",
      "backup.run",
      "backup.schedule",
      "backup.verify",
      "baseline",
      "baseline.write",
      "check",
      "create",
      "deploy",
      "dev",
      "doctor",
      "drift",
      "drift.adopt",
      "fix",
      "init",
      "inspect",
      "kept.list",
      "kept.prune",
      "kept.restore",
      "plan",
      "repair",
      "reset",
      "rollback",
      "seed.export",
      "seed.run",
      "seed.status",
      "seed.sync",
      "seed.verify",
      "squash",
      "status",
    ]
  `)
  for (const [name, method] of Object.entries(all)) {
    for (const first of VALUES) {
      for (const second of [undefined, null, 5, { unknown: 1 }]) {
        const outcome = await method(first, second)
        if (name === 'init') continue
        expect(outcome, `${name} with ${JSON.stringify([first, second])}`).toMatchObject({
          ok: false,
          failure: { code: expect.stringMatching(/^[A-Z]+\.[A-Z_]+$/) },
        })
      }
    }
  }
})

test.each([
  ['create', [{ name: 'x' }], 'The argument name is another object.'],
  ['create', [], 'The argument name is missing.'],
  ['create', ['x', { rename: [] }], 'The argument options has no key rename.'],
  ['create', ['x', { renames: 'a=b' }], 'The argument options.renames is another string.'],
  ['deploy', [{ accept: 'drift' }], 'The argument options.accept is another string.'],
  ['deploy', [null], 'The argument options is null.'],
  ['deploy', [{ confirm: true }], 'The argument options.confirm is another boolean.'],
  ['rollback', [{ steps: 0 }], 'The argument options.steps is the number 0.'],
  ['rollback', [{ steps: -1 }], 'The argument options.steps is the number -1.'],
  ['rollback', [{ steps: 1.5 }], 'The argument options.steps is the number 1.5.'],
  ['rollback', [{ steps: '2' }], 'The argument options.steps is another string.'],
  ['repair', [{ decision: 'undo' }], 'The argument options.decision is another string.'],
  ['repair', [{ decision: {} }], 'The argument options.decision.kind is missing.'],
  ['kept.restore', ['3'], 'The argument id is another string.'],
  ['kept.prune', [{ olderThanMs: '7d' }], 'The argument options.olderThanMs is another string.'],
  ['seed.sync', [], 'The argument options is missing.'],
  ['seed.sync', [{ tables: ['a'] }], 'The argument options.from is missing.'],
  ['seed.export', [{ tables: 'a' }], 'The argument options.tables is another string.'],
  ['check', [{ load: { rows: 'many' } }], 'The argument options.load.rows is another string.'],
])('%s with %j: %s', async (name, args, message) => {
  expect(await (await methods())[name]?.(...args)).toMatchObject({
    ok: false,
    failure: { code: 'APP.ARGUMENT_INVALID', message },
  })
})

test.each([
  [null, 'The argument options is null.'],
  [{ cwd: 5 }, 'The argument options.cwd is the number 5.'],
  [{ enviroment: 'production' }, 'The argument options has no key enviroment.'],
  [{ url: new URL('postgres://a:secret@b/c') }, 'The argument options.url is another object.'],
  [{ signal: {} }, 'The argument options.signal is another object.'],
  [{ onEvent: 'x' }, 'The argument options.onEvent is another string.'],
])('a project opened with %j: each method returns the failure', async (options, message) => {
  for (const method of Object.values(await methods(options)))
    expect(await method()).toMatchObject({
      ok: false,
      failure: { code: 'APP.ARGUMENT_INVALID', message },
    })
  const slipway = await openProject(options as ProjectOptions)
  expect(slipway.commandLine(undefined as never)).toBe('npx slipway')
})

test('a connection string and a D1 location contradict each other', async () => {
  const all = await methods({ cwd, env: {}, url: 'file:./dev.db', location: 'remote' })
  const outcome = await all['status']?.()
  expect(outcome?.failure).toMatchObject({
    code: 'APP.ARGUMENT_INVALID',
    message: 'The argument options sets both url and location.',
  })
})
