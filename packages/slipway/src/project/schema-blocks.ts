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

// Comments and strings come first, so that nothing inside them is read as a token or a brace.
const SKIPPED = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"`
const BRACE = new RegExp(`${SKIPPED}|[{}]`, 'g')
const TOKEN = new RegExp(`${SKIPPED}|[{}[\\]()=,]|[\\p{L}\\p{N}_.@-]+`, 'gu')

/**
 * The `datasource` and `generator` blocks of a schema's text. It is tolerant: it reads what it knows, and
 * leaves validation to Prisma's own parser, which is too slow for every start of the tool.
 */
export function schemaBlocks(text: string): SchemaBlock[] {
  const blocks: SchemaBlock[] = []
  let depth = 0
  let head = ''
  let begin = 0
  const close = (end?: number) => {
    const [keyword = '', name = ''] = tokensOf(head).slice(-2)
    if (keyword !== 'datasource' && keyword !== 'generator') return
    blocks.push({ keyword, name, properties: readProperties(tokensOf(text.slice(begin, end))) })
  }
  for (const { 0: token, index } of text.matchAll(BRACE)) {
    if (token === '{') {
      if (depth === 0) [head, begin] = [text.slice(begin, index), index + 1]
      depth += 1
    } else if (token === '}' && depth > 0) {
      depth -= 1
      if (depth > 0) continue
      close(index)
      begin = index + 1
    }
  }
  if (depth > 0) close()
  return blocks
}

function tokensOf(text: string): string[] {
  return (text.match(TOKEN) ?? []).filter((token) => !/^\/[/*]/.test(token))
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
