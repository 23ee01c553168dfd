import type { Place } from '../kernel/index.ts'

/**
 * Turns byte offsets into indexes of the text: the parser counts UTF-8 bytes, JavaScript UTF-16 units.
 * Free for plain ASCII, one pass otherwise.
 */
export function byteIndexer(text: string): (bytes: number) => number {
  const encoded = Buffer.byteLength(text)
  if (encoded === text.length) return (bytes) => bytes
  const indexes = new Uint32Array(encoded + 1)
  let bytes = 0
  for (let index = 0; index < text.length;) {
    const point = text.codePointAt(index) ?? 0
    const units = point > 0xffff ? 2 : 1
    const width = point > 0xffff ? 4 : point > 0x7ff ? 3 : point > 0x7f ? 2 : 1
    for (let offset = 0; offset < width; offset++) indexes[bytes + offset] = index
    bytes += width
    index += units
  }
  indexes[encoded] = text.length
  return (at) => indexes[at] ?? text.length
}

/** Line and column (from 1) of an index, with the line itself and a caret under it. */
export function placeAt(text: string, index: number, file?: string): Place {
  const before = text.slice(0, index)
  const lineStart = before.lastIndexOf('\n') + 1
  const lineEnd = text.indexOf('\n', index)
  const whole = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replace(/\r$/, '')
  const column = index - lineStart + 1
  const lead = whole.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')
  return {
    ...(file === undefined ? {} : { file }),
    line: before.split('\n').length,
    column,
    excerpt: `${whole}\n${lead}^`,
  }
}

/** The index of the n-th character (code point, from 1) of a text: the server counts code points. */
export function indexOfCharacter(text: string, character: number): number {
  let index = 0
  for (let count = 1; count < character && index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
  return index
}

/** Where the lines of a text begin. */
export function lineStarts(sql: string): number[] {
  const starts = [0]
  for (let at = sql.indexOf('\n'); at !== -1; at = sql.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/**
 * The text of a statement between two indexes of its file, without trailing white space, and its position.
 */
export function statementAt(
  sql: string,
  starts: readonly number[],
  [start, end]: readonly [number, number],
): { text: string; start: number; end: number; line: number; column: number } {
  const text = sql.slice(start, end).trimEnd()
  const line = lineOf(starts, start)
  const column = start - (starts[line - 1] ?? 0) + 1
  return { text, start, end: start + text.length, line, column }
}

/** The line of an index, from 1, found in the list of line starts. */
function lineOf(starts: readonly number[], index: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= index) low = middle
    else high = middle
  }
  return low + 1
}
