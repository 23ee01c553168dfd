import type { Statement } from '../../../statements/index.ts'
import type { Edit } from '../../rewrite-result.ts'

/** The changes around one statement of a file, as statements without their semicolons. */
interface Change {
  readonly before: readonly string[]
  /** The replacement; absent if the statement stays. */
  readonly instead?: readonly string[]
  readonly after: readonly string[]
}

const NONE: Change = { before: [], after: [] }

/** The changes of a file by statement. Changes to one statement keep the order of the calls. */
export class Changes {
  readonly #byStatement = new Map<Statement, Change>()

  /** Runs statements before one. */
  before(statement: Statement, steps: readonly string[]): void {
    const change = this.#of(statement)
    this.#byStatement.set(statement, { ...change, before: [...change.before, ...steps] })
  }

  /** Runs statements after one. */
  after(statement: Statement, steps: readonly string[]): void {
    const change = this.#of(statement)
    this.#byStatement.set(statement, { ...change, after: [...change.after, ...steps] })
  }

  /** Replaces a statement; without steps it is removed. */
  instead(statement: Statement, steps: readonly string[]): void {
    this.#byStatement.set(statement, { ...this.#of(statement), instead: steps })
  }

  /** Whether a statement is already replaced or removed. */
  isReplaced(statement: Statement): boolean {
    return this.#of(statement).instead !== undefined
  }

  /** The edits that turn the old text into the new one, in order. */
  edits(sql: string): Edit[] {
    return [...this.#byStatement]
      .map(([statement, change]) => editOf(statement, change, sql))
      .toSorted((one, other) => one.start - other.start)
  }

  #of(statement: Statement): Change {
    return this.#byStatement.get(statement) ?? NONE
  }
}

function editOf({ start, end, text }: Statement, change: Change, sql: string): Edit {
  const { before, instead, after } = change
  const steps = [...before, ...(instead ?? [text]), ...after]
  if (steps.length === 0) return { ...wholeLines(sql, start, end), text: '' }
  return { start, end, text: steps.join(';\n') }
}

/** A statement with its semicolon, and with its lines if nothing else is on them. */
function wholeLines(sql: string, start: number, end: number): { start: number; end: number } {
  const [semicolon = ''] = /^\s*;?/.exec(sql.slice(end)) ?? []
  const behind = semicolon.endsWith(';') ? end + semicolon.length : end
  const lineStart = sql.lastIndexOf('\n', start - 1) + 1
  const [rest = ''] = /^[ \t]*(?:\r?\n|$)/.exec(sql.slice(behind)) ?? []
  const isAlone = sql.slice(lineStart, start).replace('\uFEFF', '').trim() === ''
  if (!isAlone || (rest === '' && behind < sql.length)) return { start, end: behind }
  return {
    start: lineStart + (sql.startsWith('\uFEFF') && lineStart === 0 ? 1 : 0),
    end: behind + rest.length,
  }
}
