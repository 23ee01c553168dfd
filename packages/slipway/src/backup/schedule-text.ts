import { advice, assertNever, redact } from '../kernel/index.ts'
import { type CronFields, parseCron, plainCron } from './cron-fields.ts'
import { raise } from './failures.ts'

/** A program that starts commands at given times. */
export type Scheduler = 'cron' | 'systemd' | 'kubernetes' | 'github'

/** The command to schedule, and when. */
export interface ScheduleRequest {
  /** The five cron fields, or a nickname such as `@daily`. */
  readonly every: string
  /** The words of the command: `['npx', 'slipway', 'backup', 'create', '--env', 'production']`. */
  readonly command: readonly string[]
  /** The folder of the project. */
  readonly folder: string
  /** The name of the unit, job or workflow: `slipway-backup-production`. */
  readonly name: string
  /**
   * The environment variables that the command needs, such as DATABASE_URL. Their values are never printed.
   */
  readonly variables: readonly string[]
  /** For Kubernetes: the image that contains the project. */
  readonly image?: string | undefined
}

/** A file to write, or crontab lines; `path` says where they belong. */
export interface ScheduleFile {
  readonly path: string
  readonly text: string
}

/**
 * The text that runs a command on a schedule. Pure. Fails with BACKUP.SCHEDULE_INVALID if the time is
 * invalid, the scheduler cannot express it, or the command contains a password.
 */
export function scheduleText(scheduler: Scheduler, request: ScheduleRequest): ScheduleFile[] {
  const fields = parseCron(request.every)
  refuseSecrets(request.command)
  switch (scheduler) {
    case 'cron':
      return [cronLines(request)]
    case 'systemd':
      return systemdUnits(request, fields)
    case 'kubernetes':
      return [kubernetesJob(request, fields)]
    case 'github':
      return [githubWorkflow(request, fields)]
    default:
      return assertNever(scheduler)
  }
}

/** The crontab lines, with `%` escaped because cron ends a command there. */
function cronLines({ every, command, folder, variables }: ScheduleRequest): ScheduleFile {
  const line = `cd ${shellWord(folder)} && ${shellLine(command)}`.replaceAll('%', String.raw`\%`)
  const needed = ['PATH', ...variables].join(', ')
  const note = `# Cron does not know the variables of your shell: set ${needed} above this line.`
  return { path: 'crontab -e', text: `${note}\n${plainCron(every)} ${line}\n` }
}

function systemdUnits(request: ScheduleRequest, fields: CronFields): ScheduleFile[] {
  const { command, folder, name, variables } = request
  const environment = `/etc/${name}.env`
  const service = [
    '[Unit]',
    'Description=Backup of the database by Slipway',
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=oneshot',
    `WorkingDirectory=${folder.replaceAll('%', '%%')}`,
    ...(variables.length === 0
      ? []
      : [`# Holds ${variables.map((one) => `${one}=…`).join(', ')}; only root may read it.`]),
    `EnvironmentFile=-${environment}`,
    `ExecStart=/usr/bin/env ${command.map(systemdWord).join(' ')}`,
  ]
  const timer = [
    '[Unit]',
    'Description=Backup of the database by Slipway',
    '',
    '[Timer]',
    `OnCalendar=${onCalendar(fields, request.every)}`,
    '# A run that was missed is made once when the machine is up again.',
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]
  return [
    { path: `/etc/systemd/system/${name}.service`, text: `${service.join('\n')}\n` },
    { path: `/etc/systemd/system/${name}.timer`, text: `${timer.join('\n')}\n` },
  ]
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/**
 * The systemd calendar expression. Refuses days of both month and week: cron runs on days that match either,
 * systemd on days that match both.
 */
function onCalendar({ minute, hour, day, month, weekday }: CronFields, every: string): string {
  if (day !== '*' && weekday !== '*') {
    raise('BACKUP.SCHEDULE_INVALID', {
      message: `'${every}' cannot be expressed as one systemd calendar time.`,
      why: 'It names days of the month and days of the week, and systemd would run only on days that match both.',
      nextActions: [advice('Name one of the two, or use cron.')],
    })
  }
  const text = (field: CronFields['day']) =>
    field === '*' ? '*' : field.map((one) => String(one).padStart(2, '0')).join(',')
  const days = weekday === '*' ? '' : `${weekday.map((one) => WEEKDAYS[one]).join(',')} `
  return `${days}*-${text(month)}-${text(day)} ${text(hour)}:${text(minute)}:00`
}

function kubernetesJob(request: ScheduleRequest, fields: CronFields): ScheduleFile {
  const { command, folder, variables, image = 'registry.example.com/shop:latest' } = request
  const name = request.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 52)
  const lines = [
    'apiVersion: batch/v1',
    'kind: CronJob',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    `  schedule: ${yamlText(cronWithSundayZero(request, fields))}`,
    '  # Two never run at the same time, and a run that was missed is made within an hour.',
    '  concurrencyPolicy: Forbid',
    '  startingDeadlineSeconds: 3600',
    '  jobTemplate:',
    '    spec:',
    '      backoffLimit: 0',
    '      template:',
    '        spec:',
    '          restartPolicy: Never',
    '          # A backup that is stopped removes what it stored so far.',
    '          terminationGracePeriodSeconds: 60',
    '          containers:',
    '            - name: backup',
    `              # The image holds the project, and a pg_dump that is not older than the server.`,
    `              image: ${yamlText(image)}`,
    `              workingDir: ${yamlText(folder)}`,
    `              command: [${command.map(kubernetesWord).join(', ')}]`,
    ...(variables.length === 0
      ? []
      : ['              env:', ...variables.flatMap((one) => secretOf(name, one))]),
  ]
  return { path: `${name}.yaml`, text: `${lines.join('\n')}\n` }
}

function secretOf(name: string, variable: string): string[] {
  return [
    `                - name: ${variable}`,
    '                  valueFrom:',
    `                    secretKeyRef: { name: ${name}, key: ${variable} }`,
  ]
}

function githubWorkflow(request: ScheduleRequest, fields: CronFields): ScheduleFile {
  const { command, name, variables } = request
  const lines = [
    `name: ${yamlText(name)}`,
    'on:',
    '  schedule:',
    '    # GitHub reads it in UTC, and can be late. It stops schedules of repositories without commits for 60 days.',
    `    - cron: ${yamlText(cronWithSundayZero(request, fields))}`,
    '  workflow_dispatch:',
    'permissions:',
    '  contents: read',
    'concurrency:',
    `  group: ${yamlText(name)}`,
    '  cancel-in-progress: false',
    'jobs:',
    '  backup:',
    '    runs-on: ubuntu-latest',
    '    steps:',
    '      - uses: actions/checkout@v5',
    '      - uses: actions/setup-node@v5',
    '        with:',
    '          node-version: 24',
    '      - run: npm ci',
    '      # Needs a pg_dump that is not older than the server: if the runner has an older one, install',
    '      # postgresql-client from apt.postgresql.org here.',
    `      - run: ${yamlText(shellLine(command).replaceAll('${{', "${{ '${{' }}"))}`,
    ...(variables.length === 0
      ? []
      : ['        env:', ...variables.map((one) => `          ${one}: \${{ secrets.${one} }}`)]),
  ]
  return { path: `.github/workflows/${name}.yml`, text: `${lines.join('\n')}\n` }
}

/** The pattern for schedulers that know Sunday only as 0, not as 7. */
function cronWithSundayZero({ every }: ScheduleRequest, { weekday }: CronFields): string {
  const plain = plainCron(every)
  return weekday === '*' ? plain : plain.replace(/\S*7\S*$/, weekday.join(','))
}

/** Quotes a word for a shell. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}

/** Quotes a word for systemd, which expands `%` and `$` even inside quotes. */
function systemdWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : JSON.stringify(plain)
}

/** Quotes a word for Kubernetes, which expands `$(NAME)`. */
function kubernetesWord(word: string): string {
  return yamlText(word.replaceAll('$(', '$$$$('))
}

/** A YAML string in double quotes, in JSON's syntax. */
function yamlText(text: string): string {
  return JSON.stringify(text)
}

function refuseSecrets(command: readonly string[]): void {
  if (command.every((word) => redact(word) === word)) return
  raise('BACKUP.SCHEDULE_INVALID', {
    message: 'The command contains a password, and would be readable in the schedule.',
    nextActions: [advice("Name a variable in the configuration instead: url: 'env:DATABASE_URL'.")],
  })
}
