import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { loadProject, resolveTarget } from '../project/index.ts'
import { keysOf } from './backup-settings.ts'

const KEY = 'AGE-SECRET-KEY-1QQPQQ'
const FILE = `# created: 2026-01-01T00:00:00Z\r\n# public key: age1qqq\r\n${KEY}\r\n`
const BARE = path.join(import.meta.dirname, '../project/fixtures/bare')

async function keys(variable: string | undefined, identity?: string) {
  const env = variable === undefined ? {} : { SLIPWAY_BACKUP_IDENTITY: variable }
  const project = await loadProject({ cwd: BARE, env })
  const target = await resolveTarget(project)
  return await attempt(async () => keysOf({ project, target }, os.tmpdir(), identity).identities)
}

test.each([
  ['no variable', undefined, []],
  ['an empty variable', '', []],
  ['a key', `\n${KEY}`, [KEY]],
  ['the content of a key file', FILE, [KEY]],
])('%s gives its keys', async (_what, variable, value) => {
  expect(await keys(variable)).toEqual({ ok: true, value })
})

test('the variable and --identity can name a key file', async () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'slipway-key-')), 'key.txt')
  writeFileSync(file, FILE)
  expect(await keys(file)).toEqual({ ok: true, value: [KEY] })
  expect(await keys(undefined, file)).toEqual({ ok: true, value: [KEY] })
})

test('a file that cannot be read is a failure, which does not repeat the variable', async () => {
  const failed = await keys('GE-SECRET-KEY-1MISTYPED')
  expect(failed).toMatchObject({
    failure: {
      code: 'APP.NOT_READABLE',
      message: 'The key file of SLIPWAY_BACKUP_IDENTITY could not be read.',
      why: 'There is no such file.',
    },
  })
  expect(JSON.stringify(failed)).not.toContain('MISTYPED')
  expect(await keys(undefined, 'no-such-file')).toMatchObject({
    failure: { message: 'The key file no-such-file could not be read.' },
  })
})
