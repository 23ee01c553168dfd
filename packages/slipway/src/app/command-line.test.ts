import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { commandLine, type CommandLineOptions, needsUrlVariable } from './command-line.ts'

const SECRET = 'postgresql://app:s3cret@db.example/shop'

function options(more: Partial<CommandLineOptions> = {}): CommandLineOptions {
  return { program: 'npx slipway', target: {}, variables: {}, ...more }
}

describe('a suggested command names the same project and target', () => {
  test('by the given flags, in a fixed order', () => {
    const target = { schema: 'db/schema.prisma', env: 'production', cwd: '../shop', config: 'c.ts' }
    expect(commandLine(['rollback', '--steps', '2'], options({ target }))).toBe(
      'npx slipway rollback --steps 2 --env production --cwd ../shop --config c.ts --schema db/schema.prisma',
    )
  })

  test('by variables, which may have been set for only one command', () => {
    const variables = { SLIPWAY_ENV: 'staging', SLIPWAY_URL: SECRET, SLIPWAY_CONFIG: '' }
    expect(commandLine(['deploy'], options({ variables }))).toBe(
      'npx slipway deploy --env staging --url "$SLIPWAY_URL"',
    )
  })

  test('by --remote or --local, which take precedence over SLIPWAY_URL', () => {
    const made = options({
      target: { env: 'staging', location: 'remote' },
      variables: { SLIPWAY_URL: 'file:./dev.db' },
    })
    expect(commandLine(['deploy'], made)).toBe('npx slipway deploy --env staging --remote')
    expect(commandLine(['status', '--env', 'testing'], made)).toBe(
      'npx slipway status --env testing',
    )
    const file = options({ target: { url: 'file:./dev.db' } })
    expect(commandLine(['deploy'], file)).toBe('npx slipway deploy --url file:./dev.db')
  })

  test('does not repeat a flag that the command already has, and keeps another target', () => {
    const target = { env: 'production', url: SECRET, cwd: 'shop' }
    expect(commandLine(['status', '--env', 'staging'], options({ target }))).toBe(
      'npx slipway status --env staging --cwd shop',
    )
  })

  test.each([[['deploy', '--help']], [['completion', 'bash']], [['help']], [['engine']]])(
    'commands that need no project name none: %j',
    (args) => {
      const target = { env: 'production', cwd: 'shop' }
      expect(commandLine(args, options({ target }))).toBe(`npx slipway ${args.join(' ')}`)
    },
  )
})

describe('a connection string', () => {
  test('is replaced by the variable that holds it', () => {
    const variables = { OTHER: SECRET, DATABASE_URL: SECRET, PATH: '/bin' }
    expect(commandLine(['deploy'], options({ target: { url: SECRET }, variables }))).toBe(
      'npx slipway deploy --url "$DATABASE_URL"',
    )
  })

  test('is repeated if it has no password', () => {
    const url = 'postgresql://app@localhost:5432/shop?schema=app'
    const made = options({ target: { url } })
    expect(commandLine(['deploy'], made)).toBe(`npx slipway deploy --url '${url}'`)
    expect(needsUrlVariable(made)).toBe(false)
  })

  test.each([SECRET, 'postgresql://db.example/shop?user=app&password=s3cret'])(
    'is not repeated if it has a password and no variable holds it: %s',
    (url) => {
      const made = options({ target: { url } })
      expect(commandLine(['deploy'], made)).toBe('npx slipway deploy --url "$SLIPWAY_URL"')
      expect(needsUrlVariable(made)).toBe(true)
    },
  )
})

test('a shell parses the line into the original words', () => {
  const args = ['deploy', '--plan', "it's a $plan `here`.json", '--confirm', 'a b']
  const line = commandLine(args, options({ program: 'printf "%s\\n"' }))
  const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8' })
  expect(stdout.trimEnd().split('\n')).toEqual(args)
})

test('a command with its own --env only gets the connection string of that environment', () => {
  const of = (env: string, args: readonly string[]) =>
    commandLine(args, {
      program: 'slipway',
      target: { env, url: 'postgresql://b/c' },
      variables: {},
    })
  const args = ['deploy', '--env', 'production']
  expect(of('production', args)).toBe('slipway deploy --env production --url postgresql://b/c')
  expect(of('staging', args)).toBe('slipway deploy --env production')
})
