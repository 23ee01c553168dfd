import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../bin/slipway.js', import.meta.url))
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

/** A server that accepts connections and never sends anything. */
const silent = net.createServer()
const project = mkdtempSync(path.join(os.tmpdir(), 'slipway-bin-'))

beforeAll(async () => {
  mkdirSync(path.join(project, 'prisma/migrations'), { recursive: true })
  writeFileSync(
    path.join(project, 'prisma/schema.prisma'),
    'datasource db {\n  provider = "postgresql"\n}\n',
  )
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve)
  })
})
afterAll(() => {
  silent.close()
  rmSync(project, { recursive: true, force: true })
})

test('-V prints the version of the package', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '-V'], {
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
})

test('a closed stdout is not a failure', () => {
  const script = '"$0" "$1" --help | true; exit ${PIPESTATUS[0]}'
  const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, program], {
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('a command does not succeed if the configuration ends the process with 0', () => {
  const config = path.join(project, 'ends.config.ts')
  writeFileSync(config, 'process.exit(0)\n')
  const args = [program, 'check', '--cwd', project, '--config', 'ends.config.ts']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain('before the command was done')
})

test.skipIf(process.platform !== 'linux')(
  'a report that cannot be written to a full disk is a failure',
  () => {
    const script = '"$0" "$1" --help > /dev/full'
    const { status } = spawnSync('bash', ['-c', script, process.execPath, program])
    expect(status).toBe(2)
  },
)

test.each([
  ['SIGINT', 130, 'CLI.INTERRUPTED'],
  ['SIGTERM', 143, 'CLI.TERMINATED'],
] as const)(
  '%s ends a waiting command although its connection is open: exit %d',
  async (signal, expected, code) => {
    const { port } = silent.address() as AddressInfo
    const connected = new Promise((resolve) => {
      silent.once('connection', resolve)
    })
    const url = `postgresql://user:secret@127.0.0.1:${port}/shop`
    const child = spawn(process.execPath, [program, 'status', '--json', '--url', url], {
      cwd: project,
    })
    await connected
    child.kill(signal)
    const [stdout, stderr, exitCode] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      exitOf(child),
    ])
    expect(exitCode).toBe(expected)
    expect(JSON.parse(stdout)).toMatchObject({ command: 'status', ok: false, failure: { code } })
    expect(stdout + stderr).not.toMatch('secret')
  },
)

test('help imports no heavy modules', () => {
  const hook = `
    import { registerHooks } from 'node:module'
    registerHooks({ load(url, context, next) {
      if (/node_modules|src\\/(?!bin|cli|kernel|app\\/(?:index|command-line|module-failures|failures|test-database|open-project|arguments|complete-suggestions|outcome)\\.ts)/.test(url)) process.stderr.write(url + '\\n')
      return next(url, context)
    } })`
  const loader = `data:text/javascript,${encodeURIComponent(hook)}`
  const { stderr } = spawnSync(process.execPath, ['--import', loader, program, '--help'], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
})

async function exitOf(child: ChildProcess): Promise<number | null> {
  return await new Promise((resolve) => {
    child.once('close', resolve)
  })
}
