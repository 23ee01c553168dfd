import { inspect } from 'node:util'

const MASK = '***'
const SECRET_PARAMETER = /([?&](?:password|api_key|token|sslpassword)=)[^&]*/gi

/**
 * A connection string that cannot print its password: `toString`, `toJSON` and `util.inspect` show it
 * masked. Only `reveal()` returns the real text, to pass to a driver.
 */
export class ConnectionString {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text with its password. For drivers only: never store, print or log it. */
  reveal(): string {
    return this.#text
  }

  /** The same server and role with another database. */
  withDatabase(name: string): ConnectionString {
    const url = new URL(this.#text)
    url.pathname = `/${encodeURIComponent(name)}`
    return new ConnectionString(url.href)
  }

  /** The same database, with another schema for unqualified names (`?schema=`). */
  withSchema(name: string): ConnectionString {
    const url = new URL(this.#text)
    url.searchParams.set('schema', name)
    return new ConnectionString(url.href)
  }

  toString(): string {
    // A SQLite file has neither a role nor a password.
    if (/^file:/i.test(this.#text)) return this.#text.replace(SECRET_PARAMETER, `$1${MASK}`)
    const [scheme = ''] = /^[a-z][a-z0-9+.-]*:\/+/i.exec(this.#text) ?? []
    // The end of a whole string is known, so a password may contain any character.
    const rest = this.#text
      .slice(scheme.length)
      .replace(/^([^:@/?#]*):[\s\S]*@/, `$1:${MASK}@`)
      // Without a host, the text after the colon is not a port.
      .replace(/^([^:@/?#[]*):(?!\d*(?:[/?#]|$))[^@/?#]*/, `$1:${MASK}`)
      .replace(SECRET_PARAMETER, `$1${MASK}`)
    return scheme + rest
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

/** A token or key that cannot be printed: only `reveal()` returns its text, to pass to a service. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text. Never store, print or log it. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}

/** Not the value in `--fill User.site=https://example.com`. */
const URL_SCHEME = /(?:^|\s)["']*(?:\w+=)?["']*[a-z][a-z\d+.-]*:\/\//i
/** `ann:secret@db.example.com`, also as the value of a variable: `DATABASE_URL=ann:secret@…`. */
const USER_AND_HOST = /(?:^|\s)["']*(?:\w+=)?["']*[^\s:@/=]+:[^\s@]+@[^\s@]/
const PASSWORD_SETTING = /(?<![\w.])password\s*=/i

/**
 * Whether a text that should be a name, a number or a file looks like a connection string. The column
 * `User.password` does not.
 */
export function looksLikeConnectionString(text: string): boolean {
  return [URL_SCHEME, USER_AND_HOST, PASSWORD_SETTING].some((form) => form.test(text))
}

/** A text in SQL, also one that is cut off: `'it''s'`, `E'it\'s'`. A backslash may be the last character. */
const SQL_TEXT = String.raw`(?:E|U&)?'(?:(?:[^'\\]|\\[\s\S]|'')*'(?!')|(?:[^']|'')*(?:'(?!')|$))`
const SQL_PASSWORD = new RegExp(String.raw`(\bpassword(?:\s*=\s*|\s+))${SQL_TEXT}`, 'gi')
/** Not the column `password` in a suggested command: `--rename User.password=hash`, `--fill User.password=…`. */
const PASSWORD_VALUE =
  /(\bpassword(?<!--(?:rename|fill)[\s=]+['"]?[^\s'"=]*\.password)\s*=\s*)[^\s'"]+/gi

/**
 * Masks every password and token of connection strings found anywhere in a text: the part between `:` and
 * the last `@` of the authority, and query parameters that contain a secret. Also masks what follows the word
 * `password` in SQL and in settings.
 */
export function redact(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"]*):[^\s"]*@/gi, `$1:${MASK}@`)
    .replace(/([?&](?:password|api_key|token|sslpassword)=)[^&\s"]*/gi, `$1${MASK}`)
    .replace(SQL_PASSWORD, `$1${MASK}`)
    .replace(PASSWORD_VALUE, `$1${MASK}`)
}
