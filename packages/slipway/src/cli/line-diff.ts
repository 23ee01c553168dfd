/** A piece of a text, by its indexes, and its replacement. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Lines in place of others: of those from one (inclusive) to another (exclusive). */
interface Hunk {
  readonly from: number
  readonly to: number
  readonly lines: readonly string[]
}

/** Lines shown around what changed. */
const CONTEXT = 2

/** What edits change, in lines that begin with `+`, `-` or a space. Edits are in order and apart. */
export function lineDiff(before: string, edits: readonly Edit[]): string {
  const lines = linesOf(before)
  const hunks = hunksOf(lines, edits)
  let next = 0
  const shown = hunks.flatMap(({ from, to, lines: instead }, index) => {
    const lead = Math.max(next, from - CONTEXT)
    const gap = index > 0 && lead > next ? [' …'] : []
    next = Math.min(to + CONTEXT, hunks[index + 1]?.from ?? lines.length)
    return [
      ...gap,
      ...marked(' ', lines.slice(lead, from)),
      ...marked('-', lines.slice(from, to)),
      ...marked('+', instead),
      ...marked(' ', lines.slice(to, next)),
    ]
  })
  return shown.join('\n')
}

function hunksOf(lines: readonly string[], edits: readonly Edit[]): Hunk[] {
  const starts = startsOf(lines)
  const lineAt = (index: number) => starts.findLastIndex((start) => start <= index)
  const groups: Edit[][] = []
  for (const edit of edits) {
    const previous = groups.at(-1)?.at(-1)
    const shares = previous !== undefined && lineAt(previous.end) === lineAt(edit.start)
    if (shares) groups.at(-1)?.push(edit)
    else groups.push([edit])
  }
  return groups.map((group) => {
    const from = lineAt(group[0]?.start ?? 0)
    const to = lineAt(group.at(-1)?.end ?? 0) + 1
    const old = lines.slice(from, to)
    return trimmed(
      { from, to, lines: linesOf(edited(old.join(''), group, starts[from] ?? 0)) },
      old,
    )
  })
}

function edited(text: string, edits: readonly Edit[], offset: number): string {
  return edits.reduceRight(
    (all, edit) => all.slice(0, edit.start - offset) + edit.text + all.slice(edit.end - offset),
    text,
  )
}

/** The hunk without the lines at its ends that stay. */
function trimmed({ from, to, lines }: Hunk, old: readonly string[]): Hunk {
  const shorter = Math.min(old.length, lines.length)
  let head = 0
  while (head < shorter && old[head] === lines[head]) head++
  let tail = 0
  while (tail < shorter - head && old.at(-1 - tail) === lines.at(-1 - tail)) tail++
  return { from: from + head, to: to - tail, lines: lines.slice(head, lines.length - tail) }
}

function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/)
}

function startsOf(lines: readonly string[]): number[] {
  let at = 0
  return lines.map((line) => {
    const start = at
    at += line.length
    return start
  })
}

function marked(sign: string, lines: readonly string[]): string[] {
  return lines.map((line) => `${sign}${line.replace(/\r?\n$/, '')}`)
}
