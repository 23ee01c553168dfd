import type { InspectResult } from '../app/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { objectName } from '../statements/index.ts'
import { placeOf } from './present-outcome.ts'
import { MARKS } from './present.ts'
import { type Block, heading, paragraph, sql, status } from './view.ts'

type Finding = InspectResult['findings'][number]
type Statements = NonNullable<InspectResult['statements']>

/** The health of a target: findings with what to do, statements, trials, and what was read. */
export function inspectBlocks(result: InspectResult): Block[] {
  const { findings, statements, trials, checks, figures } = result
  const read = checks.filter((check) => check.status !== 'not-readable')
  return [
    paragraph(`${placeOf(result)}: ${summaryOf(findings)}`),
    ...findings.flatMap(findingBlocks),
    ...(trials === null ? [] : trialBlocks(trials)),
    ...(statements === null ? [] : statementBlocks(statements)),
    heading('Checks'),
    status('done', `Read: ${read.map(({ name }) => name).join(', ')}`),
    ...figures
      .filter(({ name }) => name === 'last_backup_seconds')
      .map(({ value }) => status('done', `Last backup: ${formatAge(value)} ago`)),
    ...checks.flatMap(({ name, reason }) =>
      reason === null ? [] : [status('note', name, reason)],
    ),
  ]
}

/** Seconds in the largest unit that is complete: `26 min`, `5 h`, `3 days`. */
function formatAge(seconds: number): string {
  const unit = [86_400, 3600, 60].find((one) => seconds >= one) ?? 1
  return formatDuration(Math.floor(seconds / unit) * unit * 1000)
}

function summaryOf(findings: readonly Finding[]): string {
  const parts = (['error', 'warning', 'notice'] as const).flatMap((severity) => {
    const count = findings.filter((one) => one.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  return parts.length === 0 ? 'nothing to report' : parts.join(', ')
}

function findingBlocks({ id, severity, message, evidence, fix, sql: text }: Finding): Block[] {
  return [
    status(MARKS[severity], message, id),
    {
      kind: 'fields',
      fields: [
        { label: 'Evidence', value: evidenceText(evidence) },
        { label: 'Do', value: fix },
      ],
    },
    ...(text === null ? [] : [sql(text)]),
  ]
}

/** `rows 12000, bytes 884736`; what is unknown is left out. */
function evidenceText(evidence: Finding['evidence']): string {
  return Object.entries(evidence)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(', ')
}

function valueText(value: Finding['evidence'][string]): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(value >= 1000 ? 15 : 3)))
  return Array.isArray(value) ? value.join('/') : String(value)
}

type Trials = NonNullable<InspectResult['trials']>

function trialBlocks(trials: Trials): Block[] {
  const by = (method: Trials[number]['method']) => trials.filter((one) => one.method === method)
  return [
    ...trialTable('Indexes, tried with HypoPG on the statistics of the target', by('hypopg')),
    ...trialTable('Indexes, tried on a shadow database', by('shadow')),
  ]
}

function trialTable(title: string, trials: Trials): Block[] {
  if (trials.length === 0) return []
  const columns = [
    { title: 'foreign key' },
    { title: 'rows', align: 'right' },
    { title: 'cost without', align: 'right' },
    { title: 'with the index', align: 'right' },
    { title: 'read by' },
  ] as const
  const rows = trials.map(({ object, rows: count, before, after, reason }) => [
    objectName(object),
    count.toLocaleString('en-US'),
    before === null ? '' : before.cost.toFixed(1),
    after === null ? '' : after.cost.toFixed(1),
    reason ?? `${before?.scan}; ${after?.scan}`,
  ])
  return [heading(title), { kind: 'table', columns, rows }]
}

const TEXT_WIDTH = 60

function statementBlocks({ since, byTime, byCalls }: Statements): Block[] {
  const from = since === null ? '' : ` since ${since}`
  return [
    ...statementTable(`Statements that take the most time${from}`, byTime),
    ...statementTable('Statements that run most often', byCalls),
  ]
}

function statementTable(title: string, statements: Statements['byTime']): Block[] {
  if (statements.length === 0) return []
  const columns = [
    { title: 'operation' },
    { title: 'calls', align: 'right' },
    { title: 'mean', align: 'right' },
    { title: 'share', align: 'right' },
    { title: 'statement' },
  ] as const
  const rows = statements.map(({ model, action, calls, meanMs, share, text }) => [
    [model, action].filter((part) => part !== null).join('.'),
    calls.toLocaleString('en-US'),
    formatDuration(meanMs),
    `${(share * 100).toFixed(1)} %`,
    text.length > TEXT_WIDTH ? `${text.slice(0, TEXT_WIDTH - 1)}…` : text,
  ])
  return [heading(title), { kind: 'table', columns, rows }]
}
