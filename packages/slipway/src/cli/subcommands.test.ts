import { describe, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { COMMANDS } from './commands.ts'

async function refusalOf(...argv: string[]) {
  const { exitCode, stdout } = await runCli([...argv, '--json'])
  const { failure } = JSON.parse(stdout) as {
    failure: { code: string; why?: string; message: string } | null
  }
  expect(exitCode).toBe(2)
  return failure
}

const OWNED = COMMANDS.filter(({ topic }) => topic)

describe('a command accepts only its own flags', () => {
  test.each(OWNED.map(({ name, topic, flags }) => [name, topic, flags] as const))(
    '%s',
    async (name, topic, own) => {
      const siblings = OWNED.filter((one) => one.topic === topic)
      const foreign = siblings.flatMap((one) => Object.entries(one.flags))
      for (const [flag, { kind }] of foreign) {
        if (flag in own) continue
        const value = kind === 'switch' ? [] : ['1']
        const failure = await refusalOf(...name.split(' '), `--${flag}`, ...value)
        expect(failure, flag).toMatchObject({ code: 'CLI.UNKNOWN_FLAG' })
        expect(failure?.why).toMatch(`It belongs to \`slipway ${topic?.name} `)
      }
    },
  )

  test('flags and arguments of sibling commands are refused', async () => {
    expect(await refusalOf('seed', 'status', '--delete', '--from', 'x')).toMatchObject({
      code: 'CLI.UNKNOWN_FLAG',
      message: '`slipway seed status` has no flag `--delete`.',
      why: 'It belongs to `slipway seed sync`.',
    })
    expect(await refusalOf('kept', 'list', '--older-than', '1d')).toMatchObject({
      why: 'It belongs to `slipway kept prune`.',
    })
    expect(await refusalOf('kept', 'list', '3')).toMatchObject({
      code: 'CLI.ARGUMENT_UNEXPECTED',
    })
    expect(await refusalOf('seed', 'run', 'plans')).toMatchObject({
      code: 'CLI.ARGUMENT_UNEXPECTED',
    })
  })
})

test('a topic without a subcommand, and with an unknown one', async () => {
  expect(await refusalOf('kept')).toMatchObject({
    code: 'CLI.COMMAND_MISSING',
    why: 'Its subcommands are list, restore, prune.',
  })
  expect(await refusalOf('seed', 'verfy')).toMatchObject({
    code: 'CLI.UNKNOWN_COMMAND',
    message: 'Slipway has no command `seed verfy`.',
    why: 'Did you mean `seed verify`?',
  })
  expect(await refusalOf('kept', 'restore')).toMatchObject({ code: 'CLI.ARGUMENT_MISSING' })
  expect(await refusalOf('seeds', 'run')).toMatchObject({ why: 'Did you mean `seed`?' })
})

test('the commands of a topic may follow flags', async () => {
  const { exitCode, stdout } = await runCli(['--env', 'seed', 'kept', '--json', 'list', '--help'])
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ result: { name: 'kept list' } })
})

test.each([['--env', 'staging'], ['--url', 'file:./dev.db'], ['--remote']])(
  'seed sync refuses --to together with %s',
  async (...selection) => {
    const sync = ['seed', 'sync', '--from', 'staging', '--to', 'development', '--tables', 'plans']
    const { exitCode, stderr } = await runCli([...sync, ...selection])
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`\`--to\` and \`${selection[0]}\` cannot be used together.`)
  },
)
