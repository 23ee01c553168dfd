import { must } from '../../kernel/index.ts'

type Parser = typeof import('libpg-query')
type ParseResult = ReturnType<Parser['parseSync']>

let loaded: Parser | undefined

/** Loads the SQL parser (WebAssembly, 20 ms, once): only commands that read SQL pay for it. */
export async function loadParser(): Promise<void> {
  if (loaded) return
  const module = await import('libpg-query')
  await module.loadModule()
  loaded = module
}

/** The parser, which `loadParser` must have loaded. */
export function parser(): Parser {
  return must(loaded, 'SQL parser: loadParser was not awaited')
}

/** The parse tree of a text; undefined if the grammar of PostgreSQL 18 rejects it. */
export function treeOf(sql: string): ParseResult | undefined {
  try {
    return parser().parseSync(sql)
  } catch (error) {
    if (parser().hasSqlDetails(error)) return undefined
    throw error
  }
}
