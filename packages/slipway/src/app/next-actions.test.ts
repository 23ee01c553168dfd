import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const sources = path.join(import.meta.dirname, '..')

test('Slipway commands are suggested as data, so that they can be completed for the target', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const text = readFileSync(path.join(sources, file), 'utf8')
    expect(/otherCommand\(\s*['"`]slipway /.test(text), file).toBe(false)
    expect(/command: ['"`]slipway /.test(text) && !file.includes('manual'), file).toBe(false)
  }
})
