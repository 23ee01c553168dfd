import { must } from '../kernel/index.ts'

type Parser = typeof import('libpg-query')

let loaded: Parser | undefined

/** Loads the SQL parser (WebAssembly, 20 ms, once): only commands that look into SQL pay for it. */
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

const WORDS =
  /\b(?:CONCURRENTLY|VACUUM|BEGIN|COMMIT|ROLLBACK|START\s+TRANSACTION|ADD\s+VALUE|REINDEX|CLUSTER|CALL|DO|SYSTEM|DATABASE|TABLESPACE|SUBSCRIPTION|DROP|TRUNCATE|DELETE)\b|--\s*slipway:|^\uFEFF/i

/**
 * Whether a file may be anything but one plain transaction that destroys nothing. Where it says no, the
 * file can be run whole without being parsed; where it says yes, only the parser knows.
 */
export function needsParser(sql: string): boolean {
  return WORDS.test(sql)
}
