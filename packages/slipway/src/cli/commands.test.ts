import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { engineProgramPath } from '../engine/index.ts'
import { parseDuration } from '../kernel/index.ts'
import { loadProject } from '../project/index.ts'
import type { FlagSpec } from './command.ts'
import { COMMANDS } from './commands.ts'
import { GLOBAL_FLAGS } from './flags.ts'
import { SHELLS } from './shells.ts'

const folders: string[] = []
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-cli-'))
  folders.push(folder)
})
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true })
})

function writeProject(): void {
  mkdirSync(path.join(folder, 'prisma'))
  const schema = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
  writeFileSync(path.join(folder, 'prisma/schema.prisma'), schema)
}

describe('the commands as data', () => {
  test('names are unique, and a flag name has the same kind in all commands', () => {
    expect(new Set(COMMANDS.map((one) => one.name)).size).toBe(COMMANDS.length)
    const kinds = new Map(
      Object.entries<FlagSpec>(GLOBAL_FLAGS).map(([name, spec]) => [name, spec.kind]),
    )
    for (const { flags } of COMMANDS) {
      for (const [name, { kind }] of Object.entries(flags)) {
        // `--write` takes a migration name in `drift`, but is a switch in `fix`; `--from` takes a migration
        // in `squash`, but a statement number in `repair`.
        if (name !== 'write' && name !== 'from') expect(kinds.get(name) ?? kind, name).toBe(kind)
        expect(name in GLOBAL_FLAGS, name).toBe(false)
        kinds.set(name, kind)
      }
    }
  })

  test.each(COMMANDS.map((one) => [one.name, one] as const))(
    '%s has a handler, an example, exit codes',
    async (_, one) => {
      expect(await one.load()).toBeTypeOf('function')
      expect(one.examples.length).toBeGreaterThan(0)
      expect(Object.keys(one.exitCodes).length).toBeGreaterThan(0)
      expect(one.summary).toMatch(/^[a-z].*[^.]$/)
      for (const flag of Object.values(one.flags)) {
        for (const other of flag.conflicts ?? []) expect(one.flags).toHaveProperty(other)
      }
    },
  )

  test('each example is a command line that parses', async () => {
    for (const { command } of COMMANDS.flatMap((one) => one.examples)) {
      const words = /slipway ([^)"|]*)/.exec(command)?.[1]?.trim().split(/\s+/) ?? []
      const { stdout } = await runCli([...words, '--help', '--json'])
      expect(JSON.parse(stdout), command).toMatchObject({ ok: true })
    }
  })
})

describe('help', () => {
  test('all commands on one screen', async () => {
    const { exitCode, stdout, stderr } = await runCli(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(30)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    for (const { name, topic } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`^.{9}${topic?.name ?? name} `, 'm'))
  })

  test('without a command: the same help, and a failure for scripts that lost their command', async () => {
    const { exitCode, stdout, stderr } = await runCli([])
    expect(exitCode).toBe(2)
    expect(stdout).toBe((await runCli(['--help'])).stdout)
    expect(stderr).toMatch('CLI.COMMAND_MISSING')
  })

  test('one command: usage, flags, examples, exit codes, in three ways', async () => {
    const { stdout } = await runCli(['rollback', '--help'])
    expect(stdout).toMatch(/^slipway rollback \[flags\]$/m)
    expect(stdout).toMatch(/^ {2}--steps <n> +number of/m)
    expect(stdout).toMatch(/^Exit codes$/m)
    expect((await runCli(['help', 'rollback'])).stdout).toBe(stdout)
    expect((await runCli(['-h', 'rollback'])).stdout).toBe(stdout)
  })

  test('a topic lists its commands, and each of them its own flags', async () => {
    const { exitCode, stdout } = await runCli(['kept', '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^ {2}kept restore <id> +restore one entry of kept data$/m)
    expect((await runCli(['help', 'kept'])).stdout).toBe(stdout)
    const prune = await runCli(['kept', 'prune', '--help'])
    expect(prune.stdout).toMatch(/^slipway kept prune \[flags\]$/m)
    expect(prune.stdout).toMatch(/^ {2}--older-than <duration> /m)
    expect((await runCli(['help', 'kept', 'prune'])).stdout).toBe(prune.stdout)
    expect((await runCli(['kept', 'list', '--help'])).stdout).not.toContain('--older-than')
  })

  test('an unknown command is refused with the nearest name', async () => {
    const { exitCode, stderr } = await runCli(['help', 'rolback'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('Did you mean `rollback`?')
  })

  test('-V', async () => {
    expect(await runCli(['-V'])).toEqual({ exitCode: 0, stdout: '0.0.0-test\n', stderr: '' })
    expect(JSON.parse((await runCli(['-V', '--json'])).stdout)).toMatchObject({
      command: 'version',
      result: { version: '0.0.0-test' },
    })
  })
})

describe('completion', () => {
  test.each(SHELLS)('%s: names every command', async (shell) => {
    const { exitCode, stdout, stderr } = await runCli(['completion', shell])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const word of COMMANDS.flatMap(({ name }) => name.split(' '))) expect(stdout).toMatch(word)
  })

  test('an unknown shell', async () => {
    const { exitCode, stderr } = await runCli(['completion', 'bsh'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('Did you mean `bash`?')
  })

  const bash = spawnSync('bash', ['-c', 'true']).status === 0 ? test : test.skip
  bash.each([
    [['slipway', 'roll'], ['rollback']],
    [
      ['slipway', '--env', 'x', 'completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['slipway', 'rollback', '--st'], ['--steps']],
    [['slipway', 'status', '--format', 'ma'], ['markdown']],
    [
      ['slipway', 'kept', ''],
      ['list', 'restore', 'prune'],
    ],
    [['slipway', '--env', 'x', 'seed', 'st'], ['status']],
    [['slipway', 'kept', 'prune', '--ol'], ['--older-than']],
    [['slipway', 'kept', 'list', '--ol'], ['']],
  ])('bash completes %j', async (words, expected) => {
    const { stdout: script } = await runCli(['completion', 'bash'])
    const list = words.map((word) => `'${word}'`).join(' ')
    const program = `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
    expect(stdout.trim().split('\n').slice(0, expected.length)).toEqual(expected)
  })
})

describe('init', () => {
  const USUAL = ['development', 'testing', 'staging', 'production']
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')

  test('writes a configuration that loads and sets nothing, and says what it found', async () => {
    writeProject()
    const { exitCode, stdout } = await runCli(['init'], { cwd: folder })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch('prisma/schema.prisma')
    expect(stdout).toMatch(/slipway\.config +slipway\.config\.ts/)
    const project = await loadProject({ cwd: folder, env: {} })
    expect({ configured: project.configured, config: project.config }).toEqual({
      configured: true,
      config: { environments: Object.fromEntries(USUAL.map((name) => [name, {}])) },
    })
  })

  test('it also loads with all settings uncommented: the settings that it explains exist', async () => {
    writeProject()
    await runCli(['init', '--environments', 'production,live-eu'], { cwd: folder })
    const file = path.join(folder, 'slipway.config.ts')
    const text = readFileSync(file, 'utf8')
    const settings = text.replaceAll(/^(\s+)\/\/ (\s*(?:[\w]+: |\},?))/gm, '$1$2')
    writeFileSync(file, settings)
    const { config } = await loadProject({ cwd: folder, env: {} })
    expect(Object.keys(config.environments ?? {})).toEqual(['production', 'live-eu'])
    expect(config.environments?.['live-eu']?.url).toBe('env:LIVE_EU_DATABASE_URL')
    expect(parseDuration(config.environments?.['production']?.deploy?.lockTimeout ?? '')).toBe(200)
  })

  test('adds to .gitignore and package.json what they lack, once', async () => {
    writeProject()
    writeFileSync(path.join(folder, 'package.json'), '{\n  "name": "shop"\n}\n')
    writeFileSync(path.join(folder, '.gitignore'), 'node_modules')
    const { stdout } = await runCli(['init', '-y', '--json'], { cwd: folder })
    expect(JSON.parse(stdout)).toMatchObject({
      result: {
        environments: USUAL,
        ignored: ['.slipway/', 'prisma/backups/'],
        scripts: expect.arrayContaining(['db:dev']),
      },
      next: expect.arrayContaining([
        expect.objectContaining({ command: 'npm install --save-dev slipway' }),
      ]),
    })
    expect(read('.gitignore')).toBe('node_modules\n.slipway/\nprisma/backups/\n')
    expect(JSON.parse(read('package.json'))).toMatchObject({
      name: 'shop',
      scripts: { 'db:deploy': 'slipway deploy' },
    })
    const before = [read('.gitignore'), read('package.json')]
    rmSync(path.join(folder, 'slipway.config.ts'))
    await runCli(['init'], { cwd: folder })
    expect([read('.gitignore'), read('package.json')]).toEqual(before)
  })

  test('prompts on a terminal, and does not change what the answer or a flag excludes', async () => {
    writeProject()
    writeFileSync(path.join(folder, 'package.json'), '{}')
    const answers = ['production, preview', 'n']
    const run = await runCli(['init', '--no-gitignore'], { cwd: folder, tty: true, answers })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.stderr).toMatch('[development, testing, staging, production]')
    expect(readdirSync(folder).toSorted()).toEqual(['package.json', 'prisma', 'slipway.config.ts'])
    expect(read('package.json')).toBe('{}')
    expect(read('slipway.config.ts')).toMatch('PREVIEW_DATABASE_URL')
  })

  test('a package.json that cannot be parsed is a warning, an invalid name a failure', async () => {
    writeProject()
    writeFileSync(path.join(folder, 'package.json'), '{ // mine\n}')
    expect(await runCli(['init', '--environments', 'a b'], { cwd: folder })).toMatchObject({
      exitCode: 2,
    })
    const { exitCode, stdout } = await runCli(['init', '--json'], { cwd: folder })
    expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({
      exitCode: 0,
      findings: [{ id: 'scripts-not-added' }],
    })
    expect(read('package.json')).toBe('{ // mine\n}')
  })

  test('never overwrites', async () => {
    writeProject()
    const file = path.join(folder, 'slipway.config.mjs')
    writeFileSync(file, 'export default {}')
    const { exitCode, stderr } = await runCli(['init'], { cwd: folder })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('APP.CONFIG_EXISTS')
    expect(readFileSync(file, 'utf8')).toBe('export default {}')
  })

  test('outside a project it writes nothing', async () => {
    const { exitCode, stderr } = await runCli(['init'], { cwd: folder })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('PROJECT.SCHEMA_MISSING')
  })
})

test('engine: prints only the path on stdout', async () => {
  expect(await runCli(['engine'])).toEqual({
    exitCode: 0,
    stdout: `${engineProgramPath()}\n`,
    stderr: '',
  })
})
