import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { drawModules } from '../tools/drawing.ts'
import { whyForbidden } from '../tools/modules.ts'

const src = 'packages/slipway/src'

test.each([
  ['a module before it', 'plan/plan.ts', '../history/index.ts'],
  ['a file of the same module', 'plan/plan.ts', './step.ts'],
  ['a package without an owner', 'plan/plan.ts', 'zod'],
  ['a package that it owns', 'database/postgres/with-postgres.ts', 'pg'],
  ['a dialect, in the table of its module', 'schema/dialects.ts', './sqlite/read-schema.ts'],
  ['code that all dialects share', 'schema/sqlite/read-schema.ts', '../model.ts'],
  ['a module, from a file above the modules', 'bin.ts', './cli/index.ts'],
  ['anything, in a test', 'plan/plan.test.ts', 'pg'],
])('allowed: %s', (_, file, specifier) => {
  expect(whyForbidden({ file: `${src}/${file}`, specifier, typeOnly: false })).toBeUndefined()
})

test.each([
  ['a module after it', 'plan/plan.ts', '../deploy/index.ts', 'nothing of `deploy`'],
  [
    'a file inside another module',
    'plan/plan.ts',
    '../history/read.ts',
    'only through its index.ts',
  ],
  ['a package of another module', 'plan/plan.ts', 'pg', 'Only the module `database`'],
  [
    'a part of such a package',
    'plan/plan.ts',
    '@supabase/pg-delta/extract',
    'Only the module `schema`',
  ],
  ['more than types', 'engine/diff.ts', '../project/index.ts', 'only types of `project`'],
  ['the command line', 'deploy/deploy.ts', '../cli/index.ts', 'nothing of `cli`'],
  ['the tests', 'plan/plan.ts', '../../test/postgres.ts', 'not part of the published package'],
  [
    'another dialect',
    'schema/sqlite/read-schema.ts',
    '../postgres/catalog.ts',
    'Code for `sqlite` may not import code for `postgres`',
  ],
  ['a dialect, not through the table', 'schema/model.ts', './sqlite/read-schema.ts', 'dialects.ts'],
  ['a module outside the table', 'utils/misc.ts', '../kernel/index.ts', 'not in the table'],
])('forbidden: %s', (_, file, specifier, why) => {
  expect(whyForbidden({ file: `${src}/${file}`, specifier, typeOnly: false })).toContain(why)
})

test('allowed: type imports, if the table allows types', () => {
  const types = { specifier: '../project/index.ts', typeOnly: true }
  expect(whyForbidden({ file: `${src}/engine/diff.ts`, ...types })).toBeUndefined()
})

test('the diagram in ARCHITECTURE.md matches the table', () => {
  const document = readFileSync(path.join(import.meta.dirname, '../ARCHITECTURE.md'), 'utf8')
  expect(document).toContain(`\`\`\`mermaid\n${drawModules()}\n\`\`\``)
})

test('the linter reports each form of a forbidden import, a cycle and a bare error', async () => {
  const report = await lint({
    'plan/forms.ts': [
      `import '../cli/index.ts'`,
      `export * from '../cli/index.ts'`,
      `export { run } from '../cli/index.ts'`,
      `export const late = () => import('../cli/index.ts')`,
      `export type Late = import('../cli/index.ts').Run`,
    ],
    'engine/types.ts': [
      `import type { Project } from '../project/index.ts'`,
      `export { type Project as Found } from '../project/index.ts'`,
      `export const project: Project | undefined = undefined`,
    ],
    'cli/index.ts': [`export const run = 1`, `export type Run = typeof run`],
    'history/one.ts': [`import { two } from './two.ts'`, `export const one = () => two`],
    'history/two.ts': [`import { one } from './one.ts'`, `export const two = () => one`],
    'deploy/error.ts': [`export function fail(): never {`, `  throw new Error('no')`, `}`],
  })
  const lines = (rule: string) => report.filter((line) => line.includes(rule)).toSorted()
  expect(lines('slipway(modules)').map((line) => line.split(':', 2).join(':'))).toEqual(
    [1, 2, 3, 4, 5].map((line) => `${src}/plan/forms.ts:${line}`),
  )
  expect(lines('import(no-cycle)')).toHaveLength(2)
  expect(lines('slipway(no-bare-error)')).toHaveLength(1)
})

/** Runs the linter with this repository's configuration on source files in a separate folder. */
async function lint(files: Readonly<Record<string, readonly string[]>>): Promise<string[]> {
  const root = path.join(import.meta.dirname, '..')
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-lint-'))
  try {
    for (const name of ['.oxlintrc.json', 'tools']) {
      cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    for (const [name, lines] of Object.entries(files)) {
      const file = path.join(folder, src, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, lines.join('\n'))
    }
    const program = path.join(root, 'node_modules', '.bin', 'oxlint')
    return await new Promise((resolve) => {
      // The exit code is 1, because there are findings.
      execFile(program, ['--format', 'unix', src], { cwd: folder }, (_, stdout) => {
        resolve(stdout.split('\n').map((line) => line.replace(`${folder}/`, '')))
      })
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
