/** A value in a `datasource` or `generator` block. */
export type SchemaValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'other' }

/** A `datasource` or `generator` block of a Prisma schema. */
export interface SchemaBlock {
  readonly keyword: 'datasource' | 'generator'
  readonly name: string
  readonly properties: ReadonlyMap<string, SchemaValue>
}

// Comments and strings come first, so that nothing inside them is taken for a token.
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|[{}[\]()=,]|[\p{L}\p{N}_.@-]+/gu

/**
 * The `datasource` and `generator` blocks of a schema's text. Tolerant: it reads what it knows and
 * leaves judgement to Prisma's own parser, which costs too much for every start of the tool.
 */
export function schemaBlocks(text: string): SchemaBlock[] {
  const tokens = (text.match(TOKEN) ?? []).filter((token) => !/^\/[/*]/.test(token))
  const blocks: SchemaBlock[] = []
  let depth = 0
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    const opens =
      depth === 0 && (token === 'datasource' || token === 'generator') && tokens[at + 2] === '{'
    if (opens) {
      const end = tokens.indexOf('}', at)
      const body = tokens.slice(at + 3, end === -1 ? undefined : end)
      blocks.push({ keyword: token, name: tokens[at + 1] ?? '', properties: readProperties(body) })
      at += body.length + 3
    } else if (token === '{') depth += 1
    else if (token === '}') depth -= 1
  }
  return blocks
}

function readProperties(tokens: readonly string[]): Map<string, SchemaValue> {
  const properties = new Map<string, SchemaValue>()
  for (const [at, token] of tokens.entries()) {
    if (token !== '=') continue
    properties.set(tokens[at - 1] ?? '', readValue(tokens.slice(at + 1)))
  }
  return properties
}

function readValue(tokens: readonly string[]): SchemaValue {
  const [first = '', second, third = ''] = tokens
  if (first.startsWith('"')) return { kind: 'string', value: unquote(first) }
  if (first === 'env' && second === '(') return { kind: 'env', name: unquote(third) }
  if (first !== '[') return { kind: 'other' }
  const items = tokens.slice(1, tokens.indexOf(']')).filter((token) => token !== ',')
  return { kind: 'list', items: items.map(unquote) }
}

function unquote(token: string): string {
  if (!token.startsWith('"')) return token
  try {
    return String(JSON.parse(token))
  } catch {
    return token.slice(1, -1)
  }
}
