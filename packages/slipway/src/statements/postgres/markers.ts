import { commentsIn } from './tokens.ts'

/** A comment of Slipway's on a line of its own: `-- slipway: <name> <value>`. */
export interface Marker {
  /** `accept`, `no-transaction` … */
  readonly name: string
  readonly value: string
  /** Where the comment begins and ends in the file. */
  readonly start: number
  readonly end: number
}

const CONTENT = /^--[ \t]*slipway:[ \t]*([\w-]+)[ \t]*(.*)$/i

/** The comments of a file that are for Slipway; text in literals is not a comment. Needs `loadParser` first. */
export function markersIn(sql: string): Marker[] {
  if (!sql.toLowerCase().includes('slipway:')) return []
  return commentsIn(sql).flatMap(({ text, start, end }) => {
    const line = sql.slice(sql.lastIndexOf('\n', start - 1) + 1, start)
    const [, name, value = ''] = CONTENT.exec(text.trimEnd()) ?? []
    const isMarker = name !== undefined && line.replace('\uFEFF', '').trim() === ''
    return isMarker ? [{ name: name.toLowerCase(), value, start, end }] : []
  })
}

/** Whether a file asks for a transaction for each of its statements. */
export function wantsNoTransaction(sql: string): boolean {
  return markersIn(sql).some(({ name }) => name === 'no-transaction')
}
