import type { Proof } from '../proof/index.ts'

/** Escapes text for HTML, also in attributes. */
export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** What a lock blocks, as a class of the style sheet. */
const CLASSES: Readonly<Record<string, string>> = {
  'ACCESS EXCLUSIVE': 'all',
  EXCLUSIVE: 'writes',
  'SHARE ROW EXCLUSIVE': 'writes',
  SHARE: 'writes',
}

const ROW = 26
const LABEL = 190
const WIDTH = 860

interface Span {
  readonly from: number
  readonly to: number
}

/** Draws table locks that block other sessions, each as a bar on the time line of the test run. */
export function drawLocks({ statements, locks }: Proof): string {
  const bars = locks.filter(({ kind, mode }) => kind !== 'index' && CLASSES[mode] !== undefined)
  if (bars.length === 0) return ''
  const spans = spansOf(statements)
  const end = Math.max(...[...spans.values()].map(({ to }) => to), 0.1)
  const relations = [...new Set(bars.map(({ relation }) => relation))]
  const scale = (ms: number) => LABEL + (ms / end) * (WIDTH - LABEL)
  const rows = relations.map((relation, index) => {
    const y = index * ROW + 20
    // The heaviest locks are drawn last, over the others.
    const own = bars
      .filter((bar) => bar.relation === relation)
      .toSorted((a, b) => Number(CLASSES[a.mode] === 'all') - Number(CLASSES[b.mode] === 'all'))
    const drawn = own.map(({ statement, until, mode }) => {
      const from = scale(spans.get(statement)?.from ?? 0)
      const to = Math.max(scale(spans.get(until)?.to ?? end), from + 2)
      return `<rect class="${CLASSES[mode] ?? ''}" x="${fixed(from)}" y="${y}" width="${fixed(to - from)}" height="${ROW - 8}"><title>${escape(`${mode} on ${relation}, from statement ${statement} until statement ${until}`)}</title></rect>`
    })
    return `<text x="0" y="${y + 13}">${escape(short(relation))}</text>${drawn.join('')}`
  })
  const height = relations.length * ROW + 44
  return `<h3>Locks</h3>
<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Which locks were held, and for how long">
<text class="axis" x="${LABEL}" y="12">0 ms</text><text class="axis end" x="${WIDTH}" y="12">${fixed(end)} ms</text>
${rows.join('\n')}
<rect class="all" x="${LABEL}" y="${height - 16}" width="12" height="12"/><text class="axis" x="${LABEL + 18}" y="${height - 6}">blocks reads and writes</text>
<rect class="writes" x="${LABEL + 190}" y="${height - 16}" width="12" height="12"/><text class="axis" x="${LABEL + 208}" y="${height - 6}">blocks writes</text>
</svg>`
}

/** When each statement ran, one after another. */
function spansOf(statements: Proof['statements']): ReadonlyMap<number, Span> {
  let at = 0
  return new Map(
    statements.map(({ statement, ms }) => {
      const from = at
      at += ms
      return [statement, { from, to: at }]
    }),
  )
}

function short(name: string): string {
  return name.length > 26 ? `${name.slice(0, 25)}…` : name
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}
