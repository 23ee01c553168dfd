/** The origin of a server message, according to its fields. */
export interface MessageOrigin {
  readonly sqlstate: string
  /** The function of the server's source that sent it. */
  readonly routine?: string | undefined
  /** The text that the server was running. */
  readonly sent: string
}

const MASK = '…'

/**
 * Guarantee 10: row content never reaches output, but PostgreSQL quotes it in messages, details and
 * hints. Identifiers stay, values are removed. Source: the error codes in PostgreSQL's appendix A.
 */
export function withoutRowContent(
  text: string,
  { sqlstate, routine, sent }: MessageOrigin,
): string {
  if (isOfUserCode(sqlstate, routine)) return ownWords(text, sent)
  // The document that XML functions quote has no marks around it.
  if (sqlstate.startsWith('2200')) return firstLine(withoutQuoted(text))
  if (sqlstate.startsWith('22')) return withoutQuoted(text)
  return withoutKeys(text)
}

/** Raised by a function or a DO block: its author may have put anything into it. */
function isOfUserCode(sqlstate: string, routine: string | undefined): boolean {
  return (
    routine === 'exec_stmt_raise' || routine === 'exec_stmt_assert' || /^(?:P0|38)/.test(sqlstate)
  )
}

/** A text reduced to the words of the script: these come from its author, not from a row. */
function ownWords(text: string, sent: string): string {
  const words = new Set(sent.split(/[^\p{L}\p{N}_]+/u))
  const kept = text
    .replaceAll(/[\p{L}\p{N}_]+/gu, (word) => (words.has(word) ? word : MASK))
    .replaceAll(/…(?:[^\s…]*…)+/g, MASK)
    .replaceAll(/…(?: …)+/g, MASK)
  return kept === MASK
    ? 'a function raised an error; its text is hidden because it may contain values of a row'
    : kept
}

/** `invalid input syntax for type integer: "…"`; the name in `enum "Status"` is not a value. */
function withoutQuoted(text: string): string {
  const name = /(\b(?:enum|type|domain|table|relation|column|encoding) "(?:[^"]|"")*")/.source
  // Up to the last quotation mark: a value can hold some itself.
  return text
    .replaceAll(
      new RegExp(`${name}|"[\\s\\S]*"`, 'g'),
      (_whole, kept?: string) => kept ?? `"${MASK}"`,
    )
    .replaceAll(/\b0x[\da-f]{2}(?: 0x[\da-f]{2})*/gi, MASK)
}

/** `Key (email)=(…) already exists.`, `Failing row contains (…).` */
function withoutKeys(text: string): string {
  return text
    .replace(/=(\s*)\([\s\S]*\)/, `=$1(${MASK})`)
    .replace(/(row contains )\([\s\S]*\)/, `$1(${MASK})`)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
