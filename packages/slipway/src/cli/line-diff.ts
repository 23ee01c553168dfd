import { structuredPatch } from 'diff'

/** A piece of a text, by its indexes, and its replacement. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Lines shown around what changed. */
const CONTEXT = 2

/** The edits as lines that begin with `+`, `-` or a space. Edits are in order and do not overlap. */
export function lineDiff(before: string, edits: readonly Edit[]): string {
  const after = edits.reduceRight(
    (text, { start, end, text: instead }) => text.slice(0, start) + instead + text.slice(end),
    before,
  )
  const { hunks } = structuredPatch('', '', before, after, '', '', { context: CONTEXT })
  return hunks
    .map(({ lines }) => lines.filter((line) => !line.startsWith('\\')).join('\n'))
    .join('\n …\n')
    .replaceAll('\r', '')
}
