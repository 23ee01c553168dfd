import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = 'packages/slipway/src/hazards'

function run(cwd: string, ...args: string[]) {
  return spawnSync(process.execPath, [join(root, 'tools/new.ts'), ...args], {
    cwd,
    encoding: 'utf8',
  })
}

test('npm run new hazard writes the rule and its page once, and lists the rule', () => {
  const folder = mkdtempSync(join(tmpdir(), 'new-hazard-'))
  try {
    for (const made of [`${FOLDER}/rules`, 'docs/hazards']) {
      mkdirSync(join(folder, made), { recursive: true })
    }
    cpSync(join(root, FOLDER, 'rules.ts'), join(folder, FOLDER, 'rules.ts'))
    expect(run(folder, 'hazard', 'table-too-wide').status).toBe(0)
    const read = (file: string) => readFileSync(join(folder, file), 'utf8')
    expect(read(`${FOLDER}/rules/table-too-wide.ts`)).toContain('export const tableTooWide: Rule')
    expect(read('docs/hazards/table-too-wide.md')).toContain('## Instead of')
    const list = read(`${FOLDER}/rules.ts`)
    expect(list).toContain(`import { tableTooWide } from './rules/table-too-wide.ts'`)
    expect(list).toMatch(/ {2}tableTooWide,\n\]\n$/)
    expect(run(folder, 'hazard', 'table-too-wide')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('already exists') as string,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('npm run new hazard <id> sqlite writes them for SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'new-hazard-'))
  try {
    const place = `${FOLDER}/sqlite`
    for (const made of [`${place}/rules`, 'docs/hazards']) {
      mkdirSync(join(folder, made), { recursive: true })
    }
    cpSync(join(root, place, 'rules.ts'), join(folder, place, 'rules.ts'))
    expect(run(folder, 'hazard', 'table-too-wide', 'sqlite').status).toBe(0)
    const read = (file: string) => readFileSync(join(folder, file), 'utf8')
    expect(read(`${place}/rules/table-too-wide.ts`)).toContain('tableTooWide: SqliteRule')
    expect(read('docs/hazards/table-too-wide.md')).toContain('## Effect')
    expect(read(`${place}/rules.ts`)).toMatch(/ {2}tableTooWide,\n\]\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  [],
  ['rule', 'a'],
  ['hazard'],
  ['hazard', '../a'],
  ['hazard', 'NotThis'],
  ['hazard', 'a', 'mysql'],
])('npm run new %s %s %s is refused', (...args) => {
  expect(run(root, ...args)).toMatchObject({ status: 2 })
})
