import { describe, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { editDistance, suggest } from '../kernel/suggest.ts'
import { type Command, type Input, report } from './command.ts'

const seen: Input[] = []
const commands: readonly Command[] = [
  command('deploy', {
    positionals: [],
    flags: { accept: { kind: 'list', value: '<name>', summary: 'hazards to accept' } },
  }),
  command('rollback', {
    positionals: [],
    flags: {
      steps: { kind: 'number', value: '<n>', min: 1, summary: 'how many', conflicts: ['to'] },
      to: { kind: 'text', value: '<migration>', summary: 'how far' },
    },
  }),
  command('create', {
    positionals: [{ name: 'name', summary: 'name of the migration', required: true }],
    flags: {},
  }),
]

function command(name: string, parts: Pick<Command, 'positionals' | 'flags'>): Command {
  const load = async () => async (_context: unknown, input: Input) => {
    seen.push(input)
    return report({ name }, [])
  }
  return {
    name,
    group: 'start',
    summary: name,
    details: name,
    examples: [],
    exitCodes: {},
    load,
    ...parts,
  }
}

async function failureOf(...argv: string[]) {
  const { exitCode, stdout, stderr } = await runCli([...argv, '--json'], { commands })
  expect(stderr).toBe('')
  const { ok, failure } = JSON.parse(stdout) as {
    ok: boolean
    failure: { code: string; why?: string; message: string }
  }
  expect({ exitCode, ok }).toEqual({ exitCode: 2, ok: false })
  return failure
}

describe('each command line error has its own failure, in the requested format', () => {
  test('an unknown command, with the nearest', async () => {
    expect(await failureOf('depoly')).toMatchObject({
      code: 'CLI.UNKNOWN_COMMAND',
      why: 'Did you mean `deploy`?',
    })
    expect((await failureOf('xylophone')).why).toBeUndefined()
  })

  test('no command', async () => {
    expect(await failureOf()).toMatchObject({ code: 'CLI.COMMAND_MISSING' })
  })

  test('an unknown flag, with the nearest or its owner', async () => {
    expect(await failureOf('deploy', '--acept', 'x')).toMatchObject({
      code: 'CLI.UNKNOWN_FLAG',
      why: 'Did you mean `--accept`?',
    })
    expect(await failureOf('deploy', '--steps', '2')).toMatchObject({
      code: 'CLI.UNKNOWN_FLAG',
      why: 'It belongs to `slipway rollback`.',
    })
    expect(await failureOf('deploy', '-x')).toMatchObject({ code: 'CLI.UNKNOWN_FLAG' })
  })

  test('a flag without its value does not swallow the next flag', async () => {
    expect(await failureOf('rollback', '--to')).toMatchObject({ code: 'CLI.FLAG_VALUE' })
    expect(await failureOf('rollback', '--env', '--to', 'x')).toMatchObject({
      code: 'CLI.FLAG_VALUE',
      message: '`--env` needs a value: `--env <name>`.',
    })
  })

  test.each([
    ['--steps', '0'],
    ['--steps', '-1'],
    ['--steps', '1.5'],
    ['--steps', 'two'],
    ['--steps', ''],
    ['--yes=no', '-y'],
    ['--format', 'yaml'],
  ])('an invalid value of a flag: %s %s', async (...argv) => {
    expect(await failureOf('rollback', ...argv)).toMatchObject({ code: 'CLI.FLAG_VALUE' })
  })

  test('the same flag with two values', async () => {
    expect(await failureOf('deploy', '--env', 'staging', '--env', 'production')).toMatchObject({
      code: 'CLI.FLAG_VALUE',
    })
  })

  test('flags that contradict each other', async () => {
    expect(await failureOf('rollback', '--steps', '1', '--to', 'x')).toMatchObject({
      code: 'CLI.FLAG_CONFLICT',
    })
    expect(await failureOf('deploy', '--format', 'sarif')).toMatchObject({
      code: 'CLI.FLAG_CONFLICT',
    })
    for (const other of [['--local'], ['--url', 'file:./dev.db']]) {
      expect(await failureOf('deploy', '--remote', ...other)).toMatchObject({
        code: 'CLI.FLAG_CONFLICT',
      })
    }
  })

  test('too few and too many arguments', async () => {
    expect(await failureOf('create')).toMatchObject({ code: 'CLI.ARGUMENT_MISSING' })
    expect(await failureOf('create', 'one', 'two')).toMatchObject({
      code: 'CLI.ARGUMENT_UNEXPECTED',
    })
    expect(await failureOf('deploy', 'production')).toMatchObject({
      code: 'CLI.ARGUMENT_UNEXPECTED',
    })
  })

  test('a folder that does not exist', async () => {
    expect(await failureOf('deploy', '--cwd', 'no/such/folder')).toMatchObject({
      code: 'CLI.FOLDER_NOT_FOUND',
    })
  })
})

test('flags may come before the command, with = and in lists', async () => {
  const argv = ['--env', 'create', 'deploy', '--accept=a,b', '--accept', 'c', '-y']
  const { exitCode, stdout } = await runCli([...argv, '--json'], { commands })
  expect({ exitCode, result: JSON.parse(stdout).result }).toEqual({
    exitCode: 0,
    result: { name: 'deploy' },
  })
  const input = seen.at(-1)
  expect(input?.flags.list('accept')).toEqual(['a', 'b', 'c'])
  expect(input?.flags.text('env')).toBe('create')
  expect(input?.flags.on('yes')).toBe(true)
  expect(() => input?.flags.text('undeclared')).toThrow('--undeclared')
})

test('after -- nothing is a flag', async () => {
  await runCli(['create', '--', '--odd-name'], { commands })
  expect(seen.at(-1)?.args).toEqual(['--odd-name'])
})

test('editDistance counts a swap of neighbours as one', () => {
  expect(editDistance('depoly', 'deploy')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('same', 'same')).toBe(0)
  expect(editDistance('kitten', 'sitting')).toBe(3)
})

test('suggest returns the nearest word, or undefined if none is near', () => {
  expect(suggest('stat', ['reset', 'status'])).toBe('status')
  expect(suggest('rollbak', ['reset', 'rollback'])).toBe('rollback')
  expect(suggest('zzz', ['reset', 'rollback'])).toBeUndefined()
})
