import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const launcher = path.join(import.meta.dirname, '../packages/slipway/bin/slipway.js')

/** Runs a copy of the launcher as under another Node version or another runtime. */
function startedBy(oldest: string, versions: Record<string, string> = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-launcher-'))
  const copy = path.join(folder, 'slipway.cjs')
  // This Node is new enough, so the required version is raised instead.
  writeFileSync(copy, readFileSync(launcher, 'utf8').replace('[22, 18]', oldest))
  const before = path.join(folder, 'before.cjs')
  const value = `Object.assign({}, process.versions, ${JSON.stringify(versions)})`
  writeFileSync(before, `Object.defineProperty(process, 'versions', { value: ${value} })`)
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', before, copy], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  return stderr
}

test('a Node version that is too old is refused in one sentence, with exit code 2', () => {
  expect(startedBy('[999, 0]')).toMatch(
    /^Slipway needs Node\.js 999\.0 or later, and this is \d+\.\d+\.\d+\.\n$/,
  )
  expect(startedBy('[22, 18]', { node: '22.17.1' })).toContain('this is 22.17.1.')
  expect(startedBy('[22, 18]', { node: '0.10.48' })).toContain('this is 0.10.48.')
})

test('other runtimes are refused, with an alternative', () => {
  expect(startedBy('[22, 18]', { bun: '1.3.0' })).toBe(
    'Slipway needs Node.js 22.18 or later, and this is Bun 1.3.0. Without --bun, bunx runs it with Node.js: bunx slipway.\n',
  )
  expect(startedBy('[22, 18]', { deno: '2.5.0' })).toBe(
    'Slipway needs Node.js 22.18 or later, and this is Deno 2.5.0. Run it with Node.js: npx slipway.\n',
  )
})

test('contains no syntax that an old Node cannot parse', () => {
  const text = readFileSync(launcher, 'utf8')
  expect(text.replaceAll(/\/\/.*|'[^']*'/g, '')).not.toMatch(
    /=>|`|\?\.|\?\?|\b(?:let|const|import|export|await|async|class)\b/,
  )
})

test('runs the command line', () => {
  const { status, stdout } = spawnSync(process.execPath, [launcher, '--version'], {
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
