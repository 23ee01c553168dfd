import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const launcher = path.join(import.meta.dirname, '../packages/slipway/bin/slipway.js')

test('a Node that is too old is refused in one sentence, with exit 2', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-launcher-'))
  const copy = path.join(folder, 'slipway.mjs')
  // This Node is new enough: what is asked of it is raised instead.
  writeFileSync(copy, readFileSync(launcher, 'utf8').replace('[22, 18]', '[999, 0]'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [copy], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^Slipway needs Node\.js 999\.0 or later, and this is \d+\.\d+\.\d+\.\n$/)
})

test('runs the command line', () => {
  const { status, stdout } = spawnSync(process.execPath, [launcher, '--version'], {
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
