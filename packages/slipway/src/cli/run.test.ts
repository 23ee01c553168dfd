import { describe, expect, test } from 'vitest'
import { type CliOptions, runCli } from '../../test/cli-in-process.ts'
import { ConnectionString, failureFrom } from '../kernel/index.ts'
import { type Command, type Finding, type Handler, type Report, report } from './command.ts'
import { raise } from './failures.ts'
import { interruption } from './interruption.ts'
import { status } from './view.ts'

/** Runs `work`, a command that only exists in this test. */
async function runWork(handler: Handler, argv: readonly string[] = [], options: CliOptions = {}) {
  const work: Command = {
    name: 'work',
    group: 'start',
    summary: 'work',
    details: 'Works.',
    positionals: [],
    flags: {},
    examples: [],
    exitCodes: {},
    load: async () => handler,
  }
  return await runCli(['work', ...argv], { ...options, commands: [work] })
}

const finding = (severity: Finding['severity']): Finding => ({
  id: 'some-hazard',
  severity,
  message: 'Look.',
})
const gives =
  (more: Partial<Report>): Handler =>
  async () =>
    report({}, [status('done', 'Looked')], more)
const fails = (code: string) => gives({ failure: failureFrom(code, { message: 'It failed.' }) })

describe('exit codes', () => {
  test.each([
    ['no finding or failure', gives({}), 0],
    ['a finding of severity error', gives({ findings: [finding('warning'), finding('error')] }), 4],
    ['findings of lower severity', gives({ findings: [finding('warning'), finding('notice')] }), 0],
    ['a failure without its own exit code', fails('DATABASE.UNREACHABLE'), 2],
    ['a failure with its own exit code', fails('CLI.DECLINED'), 3],
    ['an undeclared failure', fails('NO.SUCH_CODE'), 2],
    ['an exit code in the report', gives({ exitCode: 4 }), 4],
    [
      'a failure overrides exit code 0 of its report',
      gives({ exitCode: 0, failure: failureFrom('X.Y', { message: 'No.' }) }),
      2,
    ],
  ])('%s', async (_what, handler, expected) => {
    const { exitCode, stdout } = await runWork(handler, ['--json'])
    expect({ exitCode, ok: JSON.parse(stdout).ok }).toEqual({
      exitCode: expected,
      ok: expected === 0,
    })
  })
})

describe('signals', () => {
  const untilAborted: Handler = async ({ signal }) => {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve)
    })
    signal.throwIfAborted()
    return report({}, [])
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops the command, which exits %d', async (signal, expected) => {
    const controller = new AbortController()
    setImmediate(() => controller.abort(interruption(signal)))
    const { exitCode, stdout } = await runWork(untilAborted, ['--json'], {
      signal: controller.signal,
    })
    expect(exitCode).toBe(expected)
    expect(JSON.parse(stdout).failure.message).toMatch('Stopped by')
  })

  test('a failure caused by a stop exits with the code of the signal; exit code 6 stays', async () => {
    const run = async (code: string) => {
      const controller = new AbortController()
      const stopped: Handler = async (context, input) => {
        controller.abort(interruption('SIGTERM'))
        return await fails(code)(context, input)
      }
      return await runWork(stopped, [], { signal: controller.signal })
    }
    expect((await run('DEPLOY.STOPPED')).exitCode).toBe(143)
    expect((await run('DEPLOY.INCOMPLETE')).exitCode).toBe(6)
  })
})

describe('an unexpected exception', () => {
  const breaks: Handler = async () => {
    throw new TypeError('x is not a function at postgres://u:secret@host/db')
  }

  test('is reported as a bug, exits 1, and shows no stack', async () => {
    const { exitCode, stdout, stderr } = await runWork(breaks)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch('This is a bug in Slipway.')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr).not.toMatch('secret')
  })

  test('shows its stack with --verbose', async () => {
    const { stderr } = await runWork(breaks, ['--verbose'])
    expect(stderr).toMatch(/^\s+at .*run\.test/m)
  })

  test('in JSON is still one document', async () => {
    const { stdout, exitCode } = await runWork(breaks, ['--json'])
    expect({ exitCode, code: JSON.parse(stdout).failure.code }).toEqual({
      exitCode: 1,
      code: 'CLI.BUG',
    })
  })

  test('does not quote row values from a server error', async () => {
    const error = Object.assign(new Error('invalid input: "Jane Doe"'), {
      severity: 'ERROR',
      code: '22P02',
    })
    const { stderr } = await runWork(async () => await Promise.reject(error), ['--verbose'])
    expect(stderr).toMatch('22P02')
    expect(stderr).not.toMatch('Jane')
  })

  test('outside the running command also ends it', async () => {
    const crashed = Promise.reject(new RangeError('from a timer'))
    crashed.catch(() => undefined)
    const { exitCode, stderr } = await runWork(async () => await new Promise(() => undefined), [], {
      crashed,
    })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch('from a timer')
  })
})

describe('streams', () => {
  test('the human report is on stdout, the failure and the next actions on stderr', async () => {
    const { stdout, stderr } = await runWork(async () => ({
      ...report({}, [status('done', 'First half')]),
      failure: failureFrom('CLI.DECLINED', {
        message: 'The rest was not done.',
        nextActions: [{ kind: 'command', command: 'slipway status', label: 'look' }],
      }),
    }))
    expect(stdout).toBe('✓ First half\n')
    expect(stderr).toBe('✗ The rest was not done.  CLI.DECLINED\n\nNext\n  slipway status  look\n')
  })

  test('JSON has a fixed key order, masked secrets, and big integers as strings', async () => {
    const url = new ConnectionString('postgresql://u:secret@host/db')
    const { stdout } = await runWork(
      async () => report({ url, text: 'postgres://u:secret@host/db', rows: 10n ** 18n }, []),
      ['--format=json'],
    )
    expect(stdout).toBe(
      `${JSON.stringify(
        {
          slipway: '0.0.0-test',
          command: 'work',
          ok: true,
          result: {
            url: 'postgresql://u:***@host/db',
            text: 'postgres://u:***@host/db',
            rows: '1000000000000000000',
          },
          findings: [],
          failure: null,
          next: [],
        },
        null,
        2,
      )}\n`,
    )
  })

  test('a failure that is raised during a command with --json leaves stderr empty', async () => {
    const { stdout, stderr } = await runWork(
      async () => raise('CLI.DECLINED', { message: 'No.' }),
      ['--json'],
    )
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      result: {},
      failure: { code: 'CLI.DECLINED' },
    })
  })
})

describe('progress', () => {
  const steps: Handler = async ({ emit }) => {
    emit({ kind: 'phase', phase: 'test', detail: 'postgres://u:secret@host/db' })
    emit({ kind: 'migration-started', migration: 'one', index: 0, total: 2 })
    emit({ kind: 'statement-started', migration: 'one', statement: 1, total: 3 })
    emit({ kind: 'migration-done', migration: 'one', ms: 12, attempts: 2 })
    return report({}, [])
  }

  test('without a terminal: one plain line per step', async () => {
    const { stderr, stdout } = await runWork(steps)
    expect(stdout).toBe('')
    expect(stderr).toBe('test: postgres://u:***@host/db\n[1/2] one\n')
  })

  test('without a terminal, waiting is reported once every ten seconds', async () => {
    const waiting: Handler = async ({ emit }) => {
      for (let attempt = 1; attempt <= 20; attempt++) {
        emit({ kind: 'blocked', migration: 'one', attempt, blockers: [], retryInMs: 500 })
      }
      return report({}, [])
    }
    expect((await runWork(waiting)).stderr).toBe(
      'one: attempt 1 did not get its lock. Retrying in 500 ms\n',
    )
  })

  test('--quiet: nothing', async () => {
    expect((await runWork(steps, ['--quiet'])).stderr).toBe('')
  })

  test('--json --verbose: every event as JSON', async () => {
    const { stderr } = await runWork(steps, ['--json', '--verbose'])
    const kinds = stderr
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind)
    expect(kinds).toEqual(['phase', 'migration-started', 'statement-started', 'migration-done'])
    expect(stderr).not.toMatch('secret')
  })

  test('on a terminal: nothing if the work is short', async () => {
    expect((await runWork(steps, [], { tty: true })).stderr).toBe('')
  })

  test('on a terminal: one line that is rewritten, and erased at the end', async () => {
    const long: Handler = async (context, input) => {
      await steps(context, input)
      await new Promise((resolve) => {
        setTimeout(resolve, 150)
      })
      context.emit({ kind: 'phase', phase: 'a phase whose words are longer than the line' })
      return report({}, [])
    }
    const { stderr } = await runWork(long, [], { tty: true, columns: 20, env: { NO_COLOR: '1' } })
    const erase = '\r\u001b[2K'
    expect(stderr).toBe(`${erase}one: done in 12 ms…${erase}a phase whose word…${erase}\r`)
  })
})
