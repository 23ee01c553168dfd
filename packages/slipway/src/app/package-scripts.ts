import { isObject } from './arguments.ts'

/** The scripts that `init` adds to every package.json. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  'db:dev': 'slipway dev',
  'db:check': 'slipway check',
  'db:deploy': 'slipway deploy',
  'db:status': 'slipway status',
}

/** A package.json with added scripts. */
export interface WithScripts {
  readonly text: string
  /** Names of the scripts that were added. */
  readonly added: readonly string[]
}

/**
 * Adds the scripts whose names are not used yet to the text of a package.json. The layout is that of npm,
 * with the indentation and the line breaks of the text. Undefined if the text is not a package.json.
 */
export function addScripts(
  text: string,
  wanted: Readonly<Record<string, string>> = SCRIPTS,
): WithScripts | undefined {
  const before = parse(text)
  if (before === undefined) return undefined
  const { scripts = {} } = before
  if (!isObject(scripts)) return undefined
  const free = Object.entries(wanted).filter(([name]) => scripts[name] === undefined)
  const added = free.map(([name]) => name)
  if (added.length === 0) return { text, added }
  const after = { ...before, scripts: { ...scripts, ...Object.fromEntries(free) } }
  return { text: laidOutAs(text, after), added }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function laidOutAs(text: string, value: unknown): string {
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  '
  const lines = JSON.stringify(value, undefined, indent)
  const [mark, end] = [/^\uFEFF?/, /\s*$/].map((part) => part.exec(text)?.[0] ?? '')
  return mark + lines.replaceAll('\n', text.includes('\r\n') ? '\r\n' : '\n') + end
}
