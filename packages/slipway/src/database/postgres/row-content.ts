/** The origin of a server message, from fields that do not depend on the server's language. */
export interface MessageOrigin {
  readonly sqlstate: string
  /** The function in the server's source that sent it. */
  readonly routine?: string | undefined
  /** The text that the server was running. */
  readonly sent: string
  /** The names that the server sent as fields: schema, table, column, type, constraint. */
  readonly names?: readonly (string | undefined)[]
  /** The statement that a function ran, as the function composed it. */
  readonly internalQuery?: string | undefined
  /** The context, which quotes that statement if the error has no position in it. */
  readonly context?: string | undefined
}

const MASK = '…'
const HIDDEN =
  'a function raised an error; its text is hidden because it may contain values of a row'

/**
 * Masks row content, which must never reach output (guarantee 10), but which PostgreSQL quotes in
 * messages, details and hints, in the language of `lc_messages`. Values are recognized by the SQLSTATE,
 * the fields and the text that was sent, never by words of a language: quoted text that is not a name in
 * that text is masked. Source: PostgreSQL's appendix A and source code.
 */
export function withoutRowContent(text: string, origin: MessageOrigin): string {
  const { sqlstate, routine = '', sent } = origin
  const errorClass = sqlstate.slice(0, 2)
  if (isOfUserCode(sqlstate, routine)) {
    const count = sqlstate === COUNTED ? (/^\d+ /.exec(text)?.[0] ?? '') : ''
    return count + ownWords(text.slice(count.length), sent)
  }
  if (ABOUT_TYPES.has(routine)) return text
  if (errorClass === '23' || errorClass === '44') return withoutKeys(text, sqlstate)
  const names = namesIn(origin)
  if (UNMARKED_LANGUAGE.test(text))
    return WITHOUT_VALUES.has(errorClass) ? text : HIDDEN_TRANSLATION
  if (UNQUOTED.has(routine)) return `${text.split(':', 1)[0] ?? ''}: ${MASK}`
  if (errorClass === '22' && /^line \d+:/.test(text)) return documentError(text)
  const named = OF_EXTENSION_FILE.test(routine) ? withExtensionName(text) : text
  const composed = withoutComposed(named, origin, names)
  const isOfData = errorClass === '22' && !NAMES_ONLY.has(routine)
  const quoted = isOfData ? withoutValue(composed, routine) : withoutQuoted(composed, names)
  return WITHOUT_VALUES.has(errorClass) ? quoted : withoutNumbers(quoted, names)
}

/** Raised by Slipway's own functions with a count of rows, which is not their content. */
const COUNTED = 'SLW04'
/**
 * Error classes of the connection, the transaction and the server: numbers in these are process ids and
 * sizes.
 */
const WITHOUT_VALUES = new Set(['08', '25', '40', '53', '55', '57'])
/** These functions report what a type allows: `value too long for type character varying(3)`. */
const ABOUT_TYPES = new Set(['varchar', 'bpchar', 'varchar_input', 'bpchar_input', 'apply_typmod'])
/** Data exceptions that quote only names: columns and encodings. */
const NAMES_ONLY = new Set([
  'NextCopyFrom',
  'report_invalid_encoding',
  'report_untranslatable_char',
])
const HIDDEN_TRANSLATION =
  "the server's message is hidden, because in its language values may appear without quotation marks"
/** In Georgian, 290 messages of PostgreSQL 15 lack the quotation marks that the English ones have. */
const UNMARKED_LANGUAGE = /\p{Script=Georgian}/u
/**
 * These show a value, or a name that was one, without quotation marks after a colon; some only in one
 * language.
 */
const UNQUOTED = new Set([
  'gettoken_tsvector',
  'prssyntaxerror',
  'makeRangeVarFromNameList',
  'DeconstructQualifiedName',
  'regoperin',
  'regoperatorin',
])

/** Whether a function or a DO block raised the error: its author may have put anything into the text. */
function isOfUserCode(sqlstate: string, routine: string): boolean {
  return (
    /^(?:exec_stmt_(?:raise|assert)$|PLy_|plperl|do_util_elog|pltcl)/.test(routine) ||
    /^(?:P0|38)/.test(sqlstate)
  )
}

/** A text reduced to the words of the script: these come from its author, not from a row. */
function ownWords(text: string, sent: string): string {
  const words = new Set(wordsOf(sent))
  const kept = text
    .replaceAll(WORD, (word) => (words.has(word) ? word : MASK))
    .replaceAll(/…(?:[^\s…]*…)+/g, MASK)
    .replaceAll(/…(?: …)+/g, MASK)
  return kept === MASK ? HIDDEN : kept
}

const WORD = /[\p{L}\p{N}_]+/gu

function wordsOf(text: string): string[] {
  return text.match(WORD) ?? []
}

/**
 * The words that can be names: those of the sent text, without literals and comments, which can be
 * values.
 */
function namesIn({ sent, names = [] }: MessageOrigin): ReadonlySet<string> {
  const code = sent.replaceAll(/'(?:[^']|'')*'|--[^\n]*/g, ' ')
  const words = [...names.flatMap((name) => wordsOf(name ?? '')), ...wordsOf(code)]
  return new Set([...words, 'USING', 'UTF8', 'LATIN1', 'SQL_ASCII'].map(folded))
}

function folded(word: string): string {
  return word.toLowerCase()
}

const MARKS = '"»«„“”「」『』'
const QUOTED = new RegExp(`[${MARKS}] ?([^${MARKS}]+?)\\s?[${MARKS}]`, 'gu')
/** The first quoted text of a message, in any language. */
export function firstQuoted(message: string): string | undefined {
  return message.matchAll(QUOTED).next().value?.[1]
}

/** The functions that read the control file of an extension. */
export const OF_EXTENSION_FILE = /extension_control_file/
const CONTROL_FILE = new RegExp(`[^${MARKS}]*[/\\\\]([^/\\\\${MARKS}]+)\\.control`, 'u')

/** A message in which servers before 15 name the file of an extension, with the name of the extension instead. */
function withExtensionName(text: string): string {
  return text.replace(QUOTED, (quoted) => quoted.replace(CONTROL_FILE, '$1'))
}

/** From the first quotation mark to the last: a value can contain some itself. */
const FROM_FIRST_TO_LAST = new RegExp(`[${MARKS}][^]*[${MARKS}]|[${MARKS}]`, 'u')
/** `enum "Status": "LOST"`. */
const NAME_BEFORE_VALUE = new RegExp(`^[^${MARKS}]*"[^${MARKS}]+": ?(?=[${MARKS}])`, 'u')

/** The text of a data exception without its quoted value. Only a type may be quoted before the value. */
function withoutValue(text: string, routine: string): string {
  const name = routine === 'enum_in' ? (NAME_BEFORE_VALUE.exec(text)?.[0] ?? '') : ''
  return name + text.slice(name.length).replace(FROM_FIRST_TO_LAST, `"${MASK}"`)
}

/** `column "…" of relation "User" does not exist`: names of the text that was sent stay. */
function withoutQuoted(text: string, names: ReadonlySet<string>): string {
  const kept: string[] = []
  const held = text.replaceAll(QUOTED, (whole: string, inner: string) => {
    const words = wordsOf(inner)
    if (words.length === 0 || !words.every((word) => names.has(folded(word)))) return whole
    return `\0${kept.push(whole) - 1}\0`
  })
  // An unpaired mark is part of a value, so no other mark can be trusted.
  const marks = held.match(new RegExp(`[${MARKS}]`, 'gu'))?.length ?? 0
  return (marks % 2 === 1 ? text : held)
    .replace(FROM_FIRST_TO_LAST, `"${MASK}"`)
    .replaceAll(/\0(\d+)\0/g, (_whole, index: string) => kept[Number(index)] ?? MASK)
}

/** Masks the words that a statement composed by a function has, but the sent text does not. */
function withoutComposed(
  text: string,
  { sent, internalQuery = '', context = '' }: MessageOrigin,
  names: ReadonlySet<string>,
): string {
  const quoted = context.split('\n').map((line) => FROM_FIRST_TO_LAST.exec(line)?.[0].slice(1, -1))
  const composed = [internalQuery, ...quoted].filter((query = '') => !sent.includes(query.trim()))
  let rest = text
  for (const word of new Set(wordsOf(composed.join(' ')))) {
    if (names.has(folded(word))) continue
    // The server truncates names to 63 bytes.
    const name = Buffer.from(word)
      .subarray(0, 63)
      .toString('utf8')
      .replace(/\uFFFD$/, '')
    // In languages without spaces, letters may directly precede or follow a name.
    const source = /^\w+$/.test(name) ? `(?<!\\w)${name}(?!\\w)` : name
    rest = rest.replaceAll(new RegExp(source, 'giu'), MASK)
  }
  return rest
}

/** Masks numbers and bytes that were not in the sent text: an OID, a length, a sequence value. */
function withoutNumbers(text: string, names: ReadonlySet<string>): string {
  return text
    .replaceAll(/\b0x[\da-f]{2,}(?: 0x[\da-f]{2})*/gi, MASK)
    .replaceAll(/(?<!\w)\d[\d.,]*\d|(?<![\w(])\d/g, (number) => (names.has(number) ? number : MASK))
}

/** `Key (email)=(…) already exists.`, `Failing row contains (…).`: names stay, also after the values. */
function withoutKeys(text: string, sqlstate: string): string {
  const key = /^[^(]*\([^]*?\)=/.exec(text)?.[0]
  const keyed =
    key !== undefined && (sqlstate === '23505' || sqlstate === '23503' || sqlstate === '23P01')
  const head = keyed ? key : ''
  return head + text.slice(head.length).replace(/\([^]*\)/, `(${MASK})`)
}

/** The beginning of a libxml error; after it, libxml repeats the document without quotation marks. */
const OF_DOCUMENTS =
  /^line \d+: (?:Start tag expected|Document is empty|Extra content at the end of the document|StartTag: invalid element name|Opening and ending tag mismatch)?/

function documentError(text: string): string {
  const said = OF_DOCUMENTS.exec(text)?.[0] ?? ''
  return said.endsWith(': ') ? `${said}${MASK}` : said
}
