import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { writeProject } from '../../../test/project.ts'

/** A project with a migration that creates a table and one that builds an index on it. */
function project(files: Readonly<Record<string, string>> = {}): string {
  const root = writeProject([
    { name: '1_users', sql: 'CREATE TABLE users (id integer PRIMARY KEY, email text);' },
    { name: '2_index', sql: 'CREATE INDEX users_email ON users (email);' },
  ])
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(root, name), text)
  return root
}

interface Document {
  readonly result: {
    readonly migrations: readonly { readonly name: string; readonly proof: object | null }[]
  }
  readonly findings: readonly { readonly id: string; readonly where: { readonly line: number } }[]
}

test('the last migration is tested and judged; a hazard of severity error exits 4', async () => {
  const run = await runCli(['check', '--json'], { cwd: project() })
  const { result, findings } = JSON.parse(run.stdout) as Document
  expect(result.migrations).toMatchObject([
    { name: '2_index', proof: { grade: 'lossless', proven: true }, stored: 'none' },
  ])
  expect(findings).toMatchObject([{ id: 'index-not-concurrent', where: { line: 1 } }])
  expect(run.exitCode).toBe(4)
})

test.each([
  [['check', '--static', '--fail-on', 'never'], 0],
  [['check', '--static'], 4],
  [['check', 'users', '--static'], 0],
])('%j exits %i', async (args, exitCode) => {
  expect((await runCli(args, { cwd: project() })).exitCode).toBe(exitCode)
})

test.each([
  [
    'an earlier migration',
    '1_users/migration.sql',
    'DROP TABLE nowhere;',
    /does not exist.*1_users/,
  ],
  ['the down migration', '2_index/down.sql', 'DROP INDX users_email;', /syntax error.*2_index/],
])('the text shows that %s fails', async (_what, file, sql, shown) => {
  const cwd = project({ [`prisma/migrations/${file}`]: sql })
  const run = await runCli(['check'], { cwd })
  expect(run.stdout).toMatch(shown)
  expect(run.exitCode).toBe(4)
})

test('rules of the project apply in addition to the built-in ones', async () => {
  const rules = `export default [{ id: 'no-indexes', title: 'No indexes', judge: (action) =>
    action.kind === 'create-index' ? { severity: 'warning', message: 'No.' } : undefined }]`
  const cwd = project({
    'slipway.config.ts': `export default { rules: './rules.ts' }`,
    'rules.ts': rules,
  })
  const run = await runCli(['check', '--static', '--json'], { cwd })
  const { findings } = JSON.parse(run.stdout) as Document
  expect(findings.map(({ id }) => id)).toEqual(['index-not-concurrent', 'no-indexes'])
})

test('a rules file without rules is refused', async () => {
  const cwd = project({
    'slipway.config.ts': `export default { rules: './rules.ts' }`,
    'rules.ts': 'export default { id: 1 }',
  })
  const run = await runCli(['check', '--static', '--json'], { cwd })
  expect(JSON.parse(run.stdout)).toMatchObject({ failure: { code: 'PROJECT.CONFIG_INVALID' } })
  expect(run.exitCode).toBe(2)
})

test('--save writes the proof, --html the report', async () => {
  const cwd = project()
  await runCli(['check', '--save', '--html', 'report.html', '--fail-on', 'never'], { cwd })
  const proof = readFileSync(path.join(cwd, 'prisma/migrations/2_index/proof.json'), 'utf8')
  expect(JSON.parse(proof)).toMatchObject({ migration: '2_index', grade: 'lossless' })
  expect(readFileSync(path.join(cwd, 'report.html'), 'utf8')).toContain('index-not-concurrent')
})

test('a report that cannot be written is a failure, not a bug', async () => {
  const args = ['check', '--static', '--html', 'no-such-folder/report.html', '--json']
  const run = await runCli(args, { cwd: project() })
  expect(JSON.parse(run.stdout)).toMatchObject({
    failure: { code: 'APP.NOT_WRITABLE', why: 'The system reports ENOENT.' },
  })
  expect(run.exitCode).toBe(2)
})

test('in a GitHub Actions job, the report is also appended to the job summary', async () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'slipway-summary-')), 'summary.md')
  writeFileSync(file, '# Before\n')
  const env = { GITHUB_STEP_SUMMARY: file }
  await runCli(['check', '--static', '--format', 'github'], { cwd: project(), env })
  expect(readFileSync(file, 'utf8')).toMatch(/^# Before\n## 2_index\n[^]*index-not-concurrent/)
})
