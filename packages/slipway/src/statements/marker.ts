/** A comment on a line of its own that instructs Slipway: `-- slipway: <name> <value>`. */
export interface Marker {
  /** `accept`, `no-transaction` … */
  readonly name: string
  readonly value: string
  /** Where the comment begins and ends in the file. */
  readonly start: number
  readonly end: number
}

/** A comment of a file. */
export interface Comment {
  readonly text: string
  readonly start: number
  readonly end: number
}

const CONTENT = /^--[ \t]*slipway:[ \t]*([\w-]+)[ \t]*(.*)$/i

/** The marker in a comment; undefined if it is an ordinary comment, or if SQL precedes it on its line. */
export function markerOf({ text, start, end }: Comment, sql: string): Marker | undefined {
  const line = sql.slice(sql.lastIndexOf('\n', start - 1) + 1, start)
  const [, name, value = ''] = CONTENT.exec(text.trimEnd()) ?? []
  if (name === undefined || line.replace('\uFEFF', '').trim() !== '') return undefined
  return { name: name.toLowerCase(), value, start, end }
}
