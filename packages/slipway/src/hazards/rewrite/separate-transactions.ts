import { type Statement, tokensOf } from '../../statements/index.ts'

/**
 * Why the statements of a file must share a transaction or a session; undefined if they can be separated. A
 * deploy that continues after an interruption uses a new session.
 */
export function whyOneTransaction(statements: readonly Statement[]): string | undefined {
  const found = statements.flatMap(({ text, number, actions, settings }) => {
    const lock = actions.some(isLock) ? 'LOCK' : undefined
    const setting = settings === 'changes' && actions.some(isQuery) ? 'set_config' : undefined
    const what = boundBy(text) ?? lock ?? setting
    return what === undefined ? [] : [`Statement ${number} (${what}…)`]
  })
  if (found.length === 0) return undefined
  return `${found[0]} affects the statements after it only if they share its transaction or session.`
}

const BOUND_SETTINGS = ['LOCAL', 'SESSION', 'CONSTRAINTS', 'TRANSACTION', 'SEARCH_PATH', 'ROLE']

/** The first words of a statement whose effect is limited to its transaction or session. */
function boundBy(text: string): string | undefined {
  const words = tokensOf(text)
    .slice(0, 3)
    .map((token) => token.text.toUpperCase())
  const [first = '', second = ''] = words
  if (first === 'SAVEPOINT') return first
  if (first === 'SET' && BOUND_SETTINGS.includes(second)) return `${first} ${second}`
  const temporary = words.findIndex((word) => word === 'TEMP' || word === 'TEMPORARY')
  return first === 'CREATE' && temporary > 0 ? words.slice(0, temporary + 1).join(' ') : undefined
}

function isLock({ kind }: { readonly kind: string }): boolean {
  return kind === 'lock-table'
}

function isQuery({ kind }: { readonly kind: string }): boolean {
  return kind === 'opaque'
}

/** The line that runs every statement of a file in its own transaction. */
const LINE = '-- slipway: no-transaction'

/** The edit that inserts the line at the top of a file, after a byte order mark. */
export function noTransactionEdit(sql: string): {
  readonly start: number
  readonly end: number
  readonly text: string
} {
  const start = sql.startsWith('\uFEFF') ? 1 : 0
  return { start, end: start, text: `${LINE}\n\n` }
}
