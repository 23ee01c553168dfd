import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Cron } from 'croner'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { type Scheduler, type ScheduleRequest, scheduleText } from './schedule-text.ts'

const REQUEST: ScheduleRequest = {
  every: '15 3 * * *',
  command: ['npx', 'slipway', 'backup', 'create', '--env', 'production'],
  folder: '/srv/shop',
  name: 'slipway-backup-production',
  variables: ['DATABASE_URL'],
}
const SCHEDULERS: readonly Scheduler[] = ['cron', 'systemd', 'kubernetes', 'github']

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

function textsOf(scheduler: Scheduler, change: Partial<ScheduleRequest> = {}): string[] {
  return scheduleText(scheduler, { ...REQUEST, ...change }).map(({ text }) => text)
}

test.each(SCHEDULERS)('%s', (scheduler) => {
  const files = scheduleText(scheduler, REQUEST)
  expect(files.map(({ path: file, text }) => `== ${file}\n${text}`).join('\n')).toMatchSnapshot()
})

/** Words with a special meaning for one of the programs that parse them. */
const HARD = [
  "it's",
  'a b',
  '100%',
  '$HOME',
  '$(id)',
  '`id`',
  '${{ secrets.A }}',
  '"q"',
  '\\',
  'ä',
  ';',
  '',
]

describe('each word arrives unchanged', () => {
  test('through cron and a shell', () => {
    const [text = ''] = textsOf('cron', {
      command: ['printf', '%s|', ...HARD],
      folder: '/tmp',
      variables: [],
    })
    // Cron removes the fields, reads each `\%` as `%`, and passes the rest to a shell.
    const line = (text.split('\n')[1] ?? '').split(' ').slice(5).join(' ')
    expect(line.replaceAll(String.raw`\%`, '')).not.toContain('%')
    const output = execFileSync('sh', ['-c', line.replaceAll(String.raw`\%`, '%')], {
      encoding: 'utf8',
    })
    expect(output.split('|').slice(0, -1)).toEqual(HARD)
  })

  test('through GitHub and a shell', () => {
    const [text = ''] = textsOf('github', { command: ['printf', '%s|', ...HARD] })
    const run = JSON.parse(/- run: (".*")/.exec(text)?.[1] ?? '') as string
    const evaluated = run.replaceAll("${{ '${{' }}", '${{')
    expect(run.replaceAll("${{ '${{' }}", '')).not.toContain('${{')
    const output = execFileSync('sh', ['-c', evaluated], { encoding: 'utf8' })
    expect(output.split('|').slice(0, -1)).toEqual(HARD)
  })

  test('in Kubernetes', () => {
    const [text = ''] = textsOf('kubernetes', { command: HARD })
    const words = JSON.parse(/command: (\[.*\])/.exec(text)?.[1] ?? '') as string[]
    expect(words.map((word) => word.replaceAll('$$(', '$('))).toEqual(HARD)
  })

  test.skipIf(!hasSystemd)('systemd accepts the units', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'units-'))
    const files = scheduleText('systemd', { ...REQUEST, folder, command: ['true', ...HARD] })
    const paths = files.map(({ path: file, text }) => {
      const target = path.join(folder, path.basename(file))
      writeFileSync(target, text)
      return target
    })
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], {
      encoding: 'utf8',
    })
    const complaints = stderr
      .split('\n')
      .filter((line) => line.includes(folder) || line.includes('slipway'))
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] })
  })
})

describe('times', () => {
  test.each([
    ['*/15 * * * *', '*-*-* *:00,15,30,45:00'],
    ['0 3 * * 1-5', 'Mon,Tue,Wed,Thu,Fri *-*-* 03:00:00'],
    ['0 3 * * 7,sat', 'Sun,Sat *-*-* 03:00:00'],
    ['30 1,13 1 jan-jun/2 *', '*-01,03,05-01 01,13:30:00'],
    ['@weekly', 'Sun *-*-* 00:00:00'],
    ['  5   4 * *  * ', '*-*-* 04:05:00'],
  ])('%s is %s', (every, calendar) => {
    expect(textsOf('systemd', { every })[1]).toContain(`OnCalendar=${calendar}\n`)
  })

  // Kubernetes refuses 7, which cron and croner read as Sunday.
  test.each([
    ['0 3 * * 7', '0 3 * * 0'],
    ['7 7 7 7 5-7', '7 7 7 7 0,5,6'],
    ['7 7 * * mon', '7 7 * * mon'],
    ['7 7 * * *', '7 7 * * *'],
  ])('%s is %s for Kubernetes and GitHub', (every, cron) => {
    expect(textsOf('kubernetes', { every })[0]).toContain(`schedule: "${cron}"\n`)
    expect(textsOf('github', { every })[0]).toContain(`- cron: "${cron}"\n`)
  })

  test.each([
    '',
    '* * * *',
    '0 0 3 * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '*/90 * * * *',
    'x * * * *',
    '1, * * * *',
    '@reboot',
    '* * L * *',
    '*-5 * * * *',
    '0 3 * * *\n* * * * * rm',
  ])('refuses %j', (every) => {
    for (const scheduler of SCHEDULERS)
      expect(codeOf(scheduler, { every })).toBe('BACKUP.SCHEDULE_INVALID')
  })

  test('refuses days of both the month and the week only for systemd, which would require both', () => {
    const every = '0 3 1 * mon'
    expect(SCHEDULERS.filter((scheduler) => codeOf(scheduler, { every }) !== undefined)).toEqual([
      'systemd',
    ])
  })

  const list = (min: number, max: number) =>
    fc
      .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 })
      .map((all) => all.join(','))
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      list(min, max),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 1, max: 6 }).map((step) => `*/${step}`),
    )

  test.skipIf(!hasSystemd)('systemd means the same times as cron', () => {
    const cron = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), fc.constant('*'))
    const weekly = fc.tuple(field(0, 59), field(0, 23), fc.constant('*'), field(1, 12), field(0, 6))
    fc.assert(
      fc.property(fc.oneof(cron, weekly), (fields) => {
        const every = fields.join(' ')
        const [, calendar = ''] =
          /OnCalendar=(.*)/.exec(textsOf('systemd', { every })[1] ?? '') ?? []
        const start = '2026-11-29 15:00:30'
        const output = execFileSync(
          'systemd-analyze',
          ['calendar', '--iterations=5', `--base-time=${start} UTC`, `${calendar} UTC`],
          { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } },
        )
        const systemd = [
          ...output.matchAll(/(?:Next elapse|Iter\. #\d+|Iteration #\d+): \w+ (\S+ \S+) UTC/g),
        ].map(([, time = '']) => `${time.replace(' ', 'T')}.000Z`)
        const expected = new Cron(every, { timezone: 'UTC', paused: true }).nextRuns(
          5,
          new Date(`${start.replace(' ', 'T')}Z`),
        )
        expect(systemd).toEqual(expected.map((time) => time.toISOString()))
      }),
      { numRuns: 100 },
    )
  })
})

test('a password in the command is refused, and not repeated', () => {
  const command = ['slipway', 'backup', 'create', '--url', 'postgres://shop:hunter2@db/shop']
  for (const scheduler of SCHEDULERS) {
    expect(codeOf(scheduler, { command })).toBe('BACKUP.SCHEDULE_INVALID')
  }
})

function codeOf(scheduler: Scheduler, change: Partial<ScheduleRequest>): string | undefined {
  try {
    textsOf(scheduler, change)
    return undefined
  } catch (error) {
    expect(JSON.stringify(failureOf(error))).not.toContain('hunter2')
    return failureOf(error)?.code
  }
}
