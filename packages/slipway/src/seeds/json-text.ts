/** Why the text of a file is not a valid list of rows, and the offset of the problem. */
export interface JsonProblem {
  readonly why: string
  readonly at: number
}

/** The parts of `JSON` that TypeScript does not declare yet: values that are serialized as their raw text. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/** A number that a JavaScript number cannot represent, given by its digits. */
export function exactNumber(digits: string): object {
  return rawJSON(digits)
}

/** The digits of an `exactNumber`; undefined for other values. */
export function digitsOf(value: unknown): string | undefined {
  return isRawJSON(value) ? value.rawJSON : undefined
}

interface Origin {
  readonly source: string
  /** A duplicate key of the object itself. */
  readonly own: string | undefined
  /** A duplicate key of the object or of an object in it. */
  readonly within: string | undefined
}

/** The origin of each object and list that was read from a file. */
const origins = new WeakMap<object, Origin>()

/** The text of an object or list in its file, with the original numbers and order of keys. */
export function documentSource(value: object): string | undefined {
  return origins.get(value)?.source
}

/** A duplicate key in an object of a file: of the object itself, or of any object within it. */
export function duplicateKey(value: object, where: 'own' | 'within'): string | undefined {
  return origins.get(value)?.[where]
}

/** Why a text is not JSON; undefined if it is. */
export function jsonProblem(text: string): JsonProblem | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    if (text.trim() === '') return { why: 'It is empty', at: 0 }
    // The rest of the message quotes the text.
    const [, at] = /at position (\d+)/.exec(String(error)) ?? []
    return { why: 'It is not valid JSON', at: Number(at ?? text.length) }
  }
}

/** Parses valid JSON like `JSON.parse`, but without loss: see `documentSource` and `duplicateKey`. */
export function parseExactly(text: string): unknown {
  return new Reader(text).value()
}

/** The elements of a JSON list, each with its offset; undefined if the text is not a list. */
export function elementsOf(text: string): Iterable<{ value: unknown; at: number }> | undefined {
  const reader = new Reader(text)
  return reader.next() === '[' ? reader.elements() : undefined
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const PLAIN = /[^\s,\]}]+/y
const SPACE = /\s*/y

/** Reads text that is known to be valid JSON. */
class Reader {
  readonly #text: string
  #at = 0
  /** A duplicate key found in an object since this field was last reset. */
  #repeated: string | undefined

  constructor(text: string) {
    this.#text = text
  }

  /** The next character that is not whitespace. */
  next(): string {
    this.#match(SPACE)
    return this.#text[this.#at] ?? ''
  }

  value(): unknown {
    switch (this.next()) {
      case '{':
      case '[':
        return this.#composite()
      case '"':
        return this.#string()
      default:
        return this.#plain()
    }
  }

  *elements(): Generator<{ value: unknown; at: number }> {
    this.#at++
    while (this.next() !== ']') {
      const at = this.#at
      yield { value: this.value(), at }
      if (this.next() === ',') this.#at++
    }
    this.#at++
  }

  #composite(): object {
    const start = this.#at
    const outer = this.#repeated
    this.#repeated = undefined
    const list = this.#text[start] === '['
    const { value, own } = list
      ? { value: Array.from(this.elements(), (one) => one.value), own: undefined }
      : this.#object()
    const within = own ?? this.#repeated
    origins.set(value, { source: this.#text.slice(start, this.#at), own, within })
    this.#repeated = outer ?? within
    return value
  }

  #object(): { readonly value: object; readonly own: string | undefined } {
    const entries = new Map<string, unknown>()
    let own: string | undefined
    this.#at++
    while (this.next() !== '}') {
      const key = this.#string()
      this.next()
      this.#at++ // The colon.
      if (entries.has(key)) own ??= key
      entries.set(key, this.value())
      if (this.next() === ',') this.#at++
    }
    this.#at++
    return { value: Object.fromEntries(entries), own }
  }

  #string(): string {
    const text = this.#match(STRING)
    return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1)
  }

  #plain(): unknown {
    const text = this.#match(PLAIN)
    const value: unknown = JSON.parse(text)
    return typeof value === 'number' && String(value) !== text ? exactNumber(text) : value
  }

  #match(expression: RegExp): string {
    expression.lastIndex = this.#at
    const [found = ''] = expression.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }
}
