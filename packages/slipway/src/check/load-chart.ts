import type { Load } from './load/load.ts'
import type { ClassWaits } from './load/waits.ts'
import { escape } from './lock-timeline.ts'

const WIDTH = 860
const LEFT = 60
const HEIGHT = 150
const TOP = 18

const CLASSES: Readonly<Record<ClassWaits['class'], string>> = {
  read: 'point reads',
  write: 'point writes',
  'long-read': 'long reader',
}

/** The durations of queries over time, one chart per table, with the statements in the background. */
export function drawLoad(load: Load): string {
  const { tables, waits } = load
  if (waits.length === 0) return ''
  return `<h3>Under load</h3>
${tables.map(({ table, rows }) => chart(table, rows, load)).join('\n')}
${figures(waits)}`
}

function chart(table: string, rows: number, { waits, window, spans }: Load): string {
  const own = waits.filter((one) => one.table === table)
  if (own.length === 0) return ''
  const across = (ms: number) => LEFT + (Math.min(ms, window.to) / window.to) * (WIDTH - LEFT)
  const decades = decadesOf(own)
  const up = (ms: number) => TOP + HEIGHT * (1 - Math.log10(Math.max(ms, 1)) / decades)
  const lines = Array.from({ length: decades + 1 }, (_, power) => {
    const y = fixed(up(10 ** power))
    return `<line x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text class="axis end" x="${LEFT - 6}" y="${fixed(up(10 ** power) + 4)}">${10 ** power} ms</text>`
  })
  const bands = spans.map(({ statement, line, from, to }) => {
    const width = Math.max(across(to) - across(from), 1)
    const title = `statement ${statement}, line ${line}: ${fixed(to - from)} ms`
    return `<rect class="span" x="${fixed(across(from))}" y="${TOP}" width="${fixed(width)}" height="${HEIGHT}"><title>${escape(title)}</title></rect>`
  })
  const marks = own.map(({ class: kind, timeline }) => {
    // A vertical line up to the duration of the query, then a horizontal line as long as it lasted.
    const path = timeline.map(
      ({ atMs, longestMs }) =>
        `M${fixed(across(atMs))} ${fixed(up(1))}V${fixed(up(longestMs))}H${fixed(across(atMs + longestMs))}`,
    )
    return `<path class="${kind}" d="${path.join('')}"/>`
  })
  const legend = own.map(
    ({ class: kind }, index) =>
      `<rect class="${kind}" x="${LEFT + index * 130}" y="${TOP + HEIGHT + 24}" width="12" height="12"/><text class="axis" x="${LEFT + index * 130 + 18}" y="${TOP + HEIGHT + 34}">${CLASSES[kind]}</text>`,
  )
  const title = `${table}, ${rows.toLocaleString('en-US')} rows`
  return `<svg class="load" viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + 42}" role="img" aria-label="${escape(`How long queries on ${table} took`)}">
<text x="${LEFT}" y="12">${escape(title)}</text>
${bands.join('')}
${lines.join('')}
${marks.join('\n')}
<text class="axis" x="${LEFT}" y="${TOP + HEIGHT + 15}">0 ms</text><text class="axis end" x="${WIDTH}" y="${TOP + HEIGHT + 15}">${fixed(window.to)} ms</text>
${legend.join('')}<rect class="span" x="${LEFT + own.length * 130}" y="${TOP + HEIGHT + 24}" width="12" height="12"/><text class="axis" x="${LEFT + own.length * 130 + 18}" y="${TOP + HEIGHT + 34}">a statement of the migration</text>
</svg>`
}

/** The number of powers of ten that the longest wait needs. */
function decadesOf(waits: readonly ClassWaits[]): number {
  const longest = Math.max(
    ...waits.map((one) => Math.max(one.before.longestMs, one.during.longestMs)),
  )
  return Math.max(2, Math.ceil(Math.log10(Math.max(longest, 1))))
}

function figures(waits: readonly ClassWaits[]): string {
  const rows = waits.map(({ class: kind, table, before, during, statement }) => {
    const numbers = [
      during.queries,
      during.failed,
      during.medianMs,
      before.longestMs,
      during.longestMs,
    ]
    const cells = [...numbers, statement ?? ''].map((cell) => `<td class="number">${cell}</td>`)
    return `<tr><td>${CLASSES[kind]}</td><td>${escape(table)}</td>${cells.join('')}</tr>`
  })
  const titles = [
    'queries',
    'failed',
    'median, ms',
    'longest before, ms',
    'longest during, ms',
    'at statement',
  ]
  const head = titles.map((title) => `<th class="number">${title}</th>`).join('')
  return `<table><thead><tr><th></th><th>on</th>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}
