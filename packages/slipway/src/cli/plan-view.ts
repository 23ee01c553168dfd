import type { PlannedMigration, PlanResult, StepResult } from '../app/index.ts'
import { formatBytes, formatDuration } from '../kernel/index.ts'
import { effectText } from '../proof/index.ts'
import { destructionText } from '../statements/index.ts'
import { replacedBySquash } from './receipts-view.ts'
import { type Block, heading, paragraph, status } from './view.ts'

const COLUMNS = [
  { title: 'line', align: 'right' },
  { title: 'statement' },
  { title: 'lock' },
  { title: 'on' },
  { title: 'what it does' },
  { title: 'estimate', align: 'right' },
] as const

/** The column of the effects that a test run observed. */
const SEEN = { title: 'seen in the test run' } as const

/** A table of steps for each migration, and the hash of the plan. */
export function planBlocks(
  { migrations: planned, squashes, hash, steps, backup }: PlanResult,
  place: string,
): Block[] {
  const migrations = planned.length === 1 ? 'one migration' : `${planned.length} migrations`
  return [
    paragraph(`A deploy to ${place} runs ${migrations}.`),
    ...(backup ? [backupLine(backup)] : []),
    ...squashes.map(squashLine),
    ...planned.flatMap((migration) => [
      heading(migration.name),
      ...stepBlocks(
        migration,
        steps.filter((step) => step.migration === migration.name),
      ),
    ]),
    paragraph(`Plan ${hash}`),
  ]
}

function backupLine({ when, serves, last }: NonNullable<PlanResult['backup']>): Block {
  if (serves !== null) return status('note', `Backup ${serves} is recent enough`)
  const verified = when === 'verified-before-deploy'
  const text = verified
    ? 'The deploy makes and verifies a backup first'
    : 'The deploy makes a backup first'
  if (last === null) return status('note', text)
  const ms = last.ms + (verified ? (last.restoreMs ?? 0) : 0)
  return status('note', text, `about ${formatBytes(last.bytes)} in ${formatDuration(ms)}`)
}

function stepBlocks(
  { statements, proof }: PlannedMigration,
  steps: readonly StepResult[],
): Block[] {
  if (steps.length === 0) return []
  const words = new Map(statements.map(({ statement, text }) => [statement, text]))
  const rows = steps.map((step) => [
    ...rowOf(step, words.get(step.statement) ?? ''),
    ...(proof ? [seenText(proof, step)] : []),
  ])
  const table = { kind: 'table' as const, columns: proof ? [...COLUMNS, SEEN] : COLUMNS, rows }
  if (proof) return [table]
  return [table, status('note', 'Not tested on a shadow database', 'its effect on rows is unknown')]
}

/** The effects that a test run observed; `?` if the statement was not observed. */
function seenText(
  { effects, unseen }: NonNullable<PlannedMigration['proof']>,
  { statement }: StepResult,
): string {
  if (unseen.includes(statement)) return '?'
  const seen = effects.filter((effect) => effect.statement === statement)
  return seen.map((effect) => `${effect.relation}: ${effectText(effect)}`).join(', ')
}

/** A squash that is only recorded, because the target has the migrations that it replaces. */
export function squashLine({ migration, replaces }: PlanResult['squashes'][number]): Block {
  return status('pending', `Records ${migration}`, `not run: ${replacedBySquash(replaces)} applied`)
}

function rowOf(step: StepResult, text: string): string[] {
  const { line, lock, table, estimateMs } = step
  return [
    String(line),
    text,
    lock ?? '',
    table === null ? '' : `${table}${sizeText(step)}`,
    doingText(step),
    estimateMs === null ? '?' : formatDuration(estimateMs),
  ]
}

function sizeText({ rows, bytes }: StepResult): string {
  if (rows === null || bytes === null) return ''
  if (rows === 0) return ' (empty)'
  return ` (~${counted(rows)} rows, ${counted(bytes)}B)`
}

/** A number in a short form for tables: `850`, `5.2 k`, `641 M`. */
function counted(count: number): string {
  if (count < 1000) return String(count)
  const power = Math.min(Math.floor(Math.log10(count) / 3), 4)
  const value = count / 1000 ** power
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${'kMGT'[power - 1]}`
}

function doingText({ tables, destroys, transaction, kept }: StepResult): string {
  const works = [...new Set(tables.flatMap(({ work }) => work ?? []))]
  return [
    ...works,
    ...(destroys.length > 0
      ? [`destroys ${destroys.map(destructionText).join(', ')}${kept ? ' (kept)' : ''}`]
      : []),
    ...(transaction === null ? ['outside a transaction'] : []),
  ].join('; ')
}
