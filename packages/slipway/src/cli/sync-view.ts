import path from 'node:path'
import type { SeedFilesResult } from '../app/index.ts'
import { formatRows } from '../kernel/index.ts'
import type { FileChange, RowChange, TableDiff } from '../seeds/index.ts'
import { type Block, heading, status } from './view.ts'

/** The maximum number of rows of each kind that are shown per table. */
const MAX_ROWS_SHOWN = 10
/** The maximum number of characters of a key that are shown. */
const MAX_KEY_LENGTH = 60

const SIGNS: Readonly<Record<RowChange['kind'], string>> = { insert: '+', update: ' ', delete: '-' }

interface Syncing {
  readonly from: string
  readonly to: string
  readonly dryRun: boolean
}

/** The number of rows that differ in each table, and the natural keys of the first ones; no other values. */
export function syncBlocks(diffs: readonly TableDiff[], { from, to, dryRun }: Syncing): Block[] {
  const columns = [
    { title: 'table' },
    ...['insert', 'update', 'delete', 'unchanged', `only on ${to}`].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ]
  const rows = diffs.map(({ table, inserted, updated, deleted, unchanged, extra }) => [
    table,
    ...[inserted, updated, deleted, unchanged, extra].map(rowCount),
  ])
  const total = diffs.reduce((sum, one) => sum + changesOf(one), 0)
  const what = formatRows(total)
  const end =
    total === 0
      ? status('done', `${to} has the rows of ${from}: nothing to write`)
      : dryRun
        ? status('pending', `${what} would be written to ${to}`)
        : status('done', `${what} written to ${to}`)
  return [{ kind: 'table', columns, rows }, ...diffs.flatMap(changeBlocks), end]
}

type Changed = Pick<TableDiff, 'table' | 'inserted' | 'updated' | 'deleted' | 'rows'>

function changesOf({ inserted, updated, deleted }: Changed): number {
  return inserted + updated + deleted
}

/** A number of rows in a table: a dot for zero, so that changes are easy to see. */
export function rowCount(rows: number): string {
  return rows === 0 ? '·' : rows.toLocaleString('en-US')
}

/** The first rows of a table that change, by their natural keys. */
export function changeBlocks(diff: Changed): Block[] {
  if (diff.rows.length === 0) return []
  const { inserted: insert, updated: update, deleted } = diff
  const lines = Object.entries({ insert, update, delete: deleted }).flatMap(([kind, total]) => {
    const shown = diff.rows.filter((row) => row.kind === kind).slice(0, MAX_ROWS_SHOWN)
    const more = total - shown.length
    const rest = more > 0 ? [`  and ${more.toLocaleString('en-US')} more to ${kind}`] : []
    return [...shown.map(changeLine), ...rest]
  })
  return [heading(diff.table), { kind: 'diff', text: lines.join('\n') }]
}

function changeLine({ kind, key, columns }: RowChange): string {
  const changed = columns.length === 0 ? '' : `: ${columns.map(keyText).join(', ')}`
  return `${SIGNS[kind]} ${Object.values(key).map(keyText).join(' / ')}${changed}`
}

/** A key value on one line; in quotes if it is empty or has characters that are hard to see. */
function keyText(text: string): string {
  const whole =
    /^\s|\s$|[\p{C}\u2028\u2029]/u.test(text) || text === '' ? JSON.stringify(text) : text
  return whole.length > MAX_KEY_LENGTH ? `${whole.slice(0, MAX_KEY_LENGTH)}…` : whole
}

/** A line for each file. */
export function fileBlocks({
  files,
  sets,
  notes,
  dryRun,
}: SeedFilesResult & { readonly dryRun: boolean }): Block[] {
  const line = (state: FileChange['state'], file: string, note: string) =>
    state === 'unchanged'
      ? status('note', `${file} is unchanged`, note)
      : status(
          dryRun ? 'pending' : 'done',
          `${file} ${dryRun ? 'would be' : 'is'} ${WRITTEN[state]}`,
          note,
        )
  return [
    ...files.map(({ set, file, state, rows, rowsBefore }) =>
      line(state, path.join(set, path.basename(file)), rowsNote(state, rows, rowsBefore)),
    ),
    ...sets.map(({ name, file, status: state, version }) =>
      line(state, path.join(name, path.basename(file)), `version ${version}`),
    ),
    ...notes.map((note) => status('warning', note)),
  ]
}

const WRITTEN = { new: 'new', changed: 'rewritten' } as const

function rowsNote(state: FileChange['state'], rows: number, before: number): string {
  const now = formatRows(rows)
  return state === 'changed' ? `${now}, before ${before.toLocaleString('en-US')}` : now
}
