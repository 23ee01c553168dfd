import { describe, expect, test } from 'vitest'
import { type CliOptions, runCli } from '../../../test/cli-in-process.ts'
import { type Command, type Context, report } from '../command.ts'
import { interruption } from '../interruption.ts'

/** Runs a command that prompts, and returns the answer with the terminal output. */
async function ask(
  question: (context: Context) => Promise<unknown>,
  options: CliOptions & { readonly flags?: readonly string[] } = {},
) {
  const answers: unknown[] = []
  const work: Command = {
    name: 'work',
    group: 'start',
    summary: 'work',
    details: 'Works.',
    positionals: [],
    flags: {},
    examples: [],
    exitCodes: {},
    load: async () => async (context) => {
      answers.push(await question(context))
      return report({}, [])
    },
  }
  const ran = await runCli(['work', ...(options.flags ?? [])], { ...options, commands: [work] })
  return { ...ran, answer: answers[0] }
}

const confirm = async ({ prompt }: Context) =>
  await prompt.confirm({ message: 'Continue?', flag: '-y' })
const select = async ({ prompt }: Context) =>
  await prompt.select({
    message: 'Which?',
    flag: '--finish',
    choices: [
      { value: 'finish', label: 'Finish it' },
      { value: 'undo', label: 'Undo it' },
    ],
  })
const consent = async ({ prompt }: Context) =>
  await prompt.typeName({ database: 'shop', alias: 'pooled', message: 'This drops a table.' })

describe('on a terminal', () => {
  test.each([
    ['y', true],
    ['YES', true],
    ['n', false],
    ['', false],
  ])('confirm: %j is %s', async (typed, expected) => {
    const { answer, stderr, stdout } = await ask(confirm, {
      tty: true,
      answers: [typed],
      env: { NO_COLOR: '1' },
    })
    expect(answer).toBe(expected)
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'Continue? [y/N] ' })
  })

  test('select asks until the answer is one of the numbers', async () => {
    const { answer, stderr } = await ask(select, { tty: true, answers: ['0', 'undo', '2'] })
    expect(answer).toBe('undo')
    expect(stderr.match(/2\. Undo it/g)).toHaveLength(3)
  })

  test('the end of the input declines', async () => {
    const { exitCode, stderr } = await ask(select, { tty: true, answers: [null] })
    expect(exitCode).toBe(3)
    expect(stderr).toMatch('CLI.DECLINED')
  })

  test('Ctrl-C at a prompt exits 130', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(interruption('SIGINT')), 50)
    expect((await ask(confirm, { tty: true, signal: controller.signal })).exitCode).toBe(130)
  })

  test('consent means typing the database name', async () => {
    expect((await ask(consent, { tty: true, answers: ['shop'] })).answer).toBe(true)
    expect((await ask(consent, { tty: true, answers: ['pooled'] })).answer).toBe(true)
    expect((await ask(consent, { tty: true, answers: ['y'] })).answer).toBe(false)
    expect((await ask(consent, { tty: true, answers: [''] })).answer).toBe(false)
    expect((await ask(consent, { tty: true, answers: ['y'], flags: ['-y'] })).answer).toBe(false)
  })
})

describe('without a terminal, a prompt is never answered by default', () => {
  test.each<[string, CliOptions & { flags?: string[] }]>([
    ['without a terminal', {}],
    ['in CI', { tty: true, env: { CI: 'true' } }],
    ['with --no-interactive', { tty: true, flags: ['--no-interactive'] }],
  ])('%s: a failure that names the flag', async (_where, options) => {
    const { exitCode, stderr } = await ask(select, options)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('CLI.NOT_INTERACTIVE')
    expect(stderr).toMatch('`--finish`')
  })

  test('-y answers a confirmation, but does not replace consent by name', async () => {
    expect((await ask(confirm, { flags: ['-y'] })).answer).toBe(true)
    const { exitCode, stderr } = await ask(consent, { flags: ['-y'] })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch('--confirm shop')
  })
})
