/** The scripts that `init` adds to a package.json. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  'db:dev': 'slipway dev',
  'db:check': 'slipway check',
  'db:deploy': 'slipway deploy',
  'db:status': 'slipway status',
}

/** A package.json with more scripts. */
export interface WithScripts {
  readonly text: string
  /** Names of the scripts that were added. */
  readonly added: readonly string[]
}

/**
 * Adds the scripts whose names are free to the text of a package.json. All other text stays as it is. Nothing if the
 * text is not a package.json.
 */
export function addScripts(text: string): WithScripts | undefined {
  const before = parse(text)
  if (before === undefined) return undefined
  const { scripts = {} } = before
  const added = Object.keys(SCRIPTS).filter((name) => scripts[name] === undefined)
  if (added.length === 0) return { text, added }
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  '
  const entry = (name: string) => `${JSON.stringify(name)}: ${JSON.stringify(SCRIPTS[name])}`
  const object = findScripts(text)
  const lines = added.map((name) => indent + indent + entry(name)).join(`,${eol}`)
  const after =
    object === undefined
      ? insertInto(text, lastBrace(text), {
          one: `"scripts": { ${added.map(entry).join(', ')} }`,
          many: `${indent}"scripts": {${eol}${lines}${eol}${indent}}`,
          eol,
          close: '',
        })
      : insertInto(text, object.end, {
          one: added.map(entry).join(', '),
          many: lines,
          eol,
          close: indent,
        })
  const expected = { ...before, scripts: { ...scripts, ...pick(added) } }
  return sameJson(parse(after), expected) ? { text: after, added } : undefined
}

function pick(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(SCRIPTS).filter(([name]) => names.includes(name)))
}

type Manifest = Record<string, unknown> & { readonly scripts?: Record<string, string> }

function parse(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Manifest) : undefined
  } catch {
    return undefined
  }
}

function sameJson(one: unknown, other: Manifest): boolean {
  return one !== undefined && sorted(one) === sorted(other)
}

function sorted(value: unknown): string {
  return JSON.stringify(Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function lastBrace(text: string): number {
  return text.lastIndexOf('}')
}

/** Where the value of the top-level key `scripts` ends: at its closing brace. */
function findScripts(text: string): { readonly end: number } | undefined {
  let depth = 0
  let inScripts = false
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:\s*\{)?|[{}[\]]/g)) {
    const [whole, opens] = token
    if (opens !== undefined || whole === '{' || whole === '[') {
      if (depth === 1 && whole.startsWith('"scripts"')) inScripts = true
      depth += 1
    } else if (whole === '}' || whole === ']') {
      depth -= 1
      if (depth === 1 && inScripts) return { end: token.index }
    }
  }
  return undefined
}

interface Insertion {
  /** In an object that is written in one line. */
  readonly one: string
  readonly many: string
  readonly eol: string
  /** The indentation of the closing brace. */
  readonly close: string
}

/** Inserts after the last entry of the object whose closing brace is at `end`. */
function insertInto(text: string, end: number, { one, many, eol, close }: Insertion): string {
  const head = text.slice(0, end)
  const body = head.trimEnd()
  const isEmpty = body.endsWith('{')
  const inLine = !head.slice(body.length).includes('\n') && !isEmpty
  if (inLine) return `${body}, ${one}${head.slice(body.length)}${text.slice(end)}`
  return `${body}${isEmpty ? '' : ','}${eol}${many}${eol}${close}${text.slice(end)}`
}
