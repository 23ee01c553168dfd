import { styleText } from 'node:util'
import { redact } from '../../kernel/index.ts'
import type { Output } from '../host.ts'

export type Look = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Applies a look to a text; returns it unchanged if colours are off. */
export type Style = (look: Look | readonly Look[], text: string) => string

/** The style of an output stream. */
export function styleFor(output: Output, env: Readonly<Record<string, string | undefined>>): Style {
  if (!wantsColour(output, env)) return (_look, text) => text
  return (look, text) =>
    text === ''
      ? ''
      : styleText(typeof look === 'string' ? look : [...look], text, { validateStream: false })
}

/**
 * FORCE_COLOR takes precedence and turns colours on (`0` and `false`: off). Otherwise NO_COLOR and
 * TERM=dumb turn them off. Otherwise only a terminal has them.
 */
function wantsColour(output: Output, env: Readonly<Record<string, string | undefined>>): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR']) return false
  if (env['TERM'] === 'dumb') return false
  return output.isTTY === true
}

/** Control characters except line breaks and tabs, and invisible characters that reorder or break a line. */
const UNSAFE = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/**
 * A text that is safe to show: secrets are masked, and control characters are escaped, because a
 * table name could contain terminal commands. Line breaks and tabs stay.
 */
export function clean(text: string): string {
  return redact(text).replaceAll('\r\n', '\n').replaceAll(UNSAFE, spell)
}

/** A text as one output line, because a name in it may contain what looks like the next line. */
export function oneLine(text: string): string {
  return clean(text).replaceAll('\n', String.raw`\n`)
}

function spell(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
