import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { serverBinaries, serverBinariesOf } from '../packages/slipway/test/binaries.ts'
import { npmMajors } from '../packages/slipway/test/npm-builds.ts'

/**
 * Runs the database tests on every available PostgreSQL major version: those on this machine, and builds from
 * npm for the others. The newest one on this machine, which has psql and pg_dump, runs the long form (the
 * whole crash matrix, all of the corpus, all of SQLite and D1). `npm run test:full -- 13 18` runs only those
 * two.
 */

interface Outcome {
  readonly major: number
  readonly bin: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The used parts of vitest's JSON report. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
}

const root = path.join(import.meta.dirname, '..')
const asked = process.argv.slice(2).map(Number)
const majors = asked.length > 0 ? asked : allMajors()
const longForm = majors.filter((major) => hereMajors().includes(major)).at(-1) ?? majors.at(-1)
const outcomes = majors.map(runOn)

for (const { major, bin, passed, failed, skipped } of outcomes) {
  console.log(
    `PostgreSQL ${major} (${bin}): ${passed} passed, ${failed} failed, ${skipped} skipped`,
  )
}
const sum = (key: 'passed' | 'failed') => outcomes.reduce((total, one) => total + one[key], 0)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0

function allMajors(): number[] {
  return [...new Set([...hereMajors(), ...npmMajors])].toSorted((a, b) => a - b)
}

function hereMajors(): number[] {
  return serverBinaries()
    .map(({ version }) => version)
    .toSorted((a, b) => a - b)
}

function runOn(major: number): Outcome {
  const bin = binDir(major)
  if (bin === undefined) {
    const failed = asked.includes(major) ? 1 : 0
    return { major, bin: 'cannot be had', passed: 0, failed, skipped: 0 }
  }
  console.log(`\nPostgreSQL ${major} in ${bin}`)
  const report = runTests(bin, major === longForm)
  return {
    major,
    bin,
    passed: report?.numPassedTests ?? 0,
    // A run that is unsuccessful without a failed test has failed as a whole.
    failed: report?.numFailedTests || (report?.success === true ? 0 : 1),
    skipped: report?.numPendingTests ?? 0,
  }
}

function binDir(major: number): string | undefined {
  try {
    return serverBinariesOf(major).dir
  } catch (error) {
    console.error(`PostgreSQL ${major} is not available: ${String(error)}`)
    return undefined
  }
}

function runTests(bin: string, long: boolean): Report | undefined {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-full-'))
  const file = path.join(folder, 'report.json')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TEST_POSTGRES_BIN: bin,
    ...(long ? { FULL: '1' } : {}),
  }
  delete env.TEST_DATABASE_URL
  const form = long ? [] : ['--config', 'test/short-form/vitest.config.ts']
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  spawnSync('vitest', ['run', ...form, ...reporters, ...databaseTests(long)], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : undefined
  rmSync(folder, { recursive: true })
  return report
}

/** The tests that use a database of the test server; for the long form, also other tests that have one. */
function databaseTests(long: boolean): string[] {
  const files = globSync('{packages,examples,test}/**/*.test.ts', {
    cwd: root,
    exclude: (name) => path.basename(name) === 'node_modules',
  })
  return files.filter((file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    return /from '.*\/postgres\.ts'/.test(text) || (long && text.includes(`process.env['FULL']`))
  })
}
