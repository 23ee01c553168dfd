import type { Action } from './action.ts'
import type { Marker } from './marker.ts'
import { markersIn } from './postgres/markers.ts'
import { tokensOf } from './postgres/tokens.ts'
import type { Statement } from './statement.ts'

/** The statements of a file that are run and committed together. Groups are in the file's order. */
export interface TransactionGroup {
  /** From 1. */
  readonly number: number
  /** `transaction`: its statements commit or fail as one. `alone`: one statement, outside any transaction. */
  readonly kind: 'transaction' | 'alone'
  readonly statements: readonly Statement[]
  /** The SQL to send: a slice of the file without its BEGIN and COMMIT; all other text keeps its position. */
  readonly sql: string
  /** Where `sql` begins in the file: an index of its text. */
  readonly offset: number
  /** The file ends this block with ROLLBACK: it runs, but its changes are undone. */
  readonly rolledBack: boolean
  /**
   * The isolation level that its BEGIN chooses, in lower case. Absent if it may drop or convert something: at a
   * higher level, the server would not show the rows that others wrote just before the lock, which must be kept.
   */
  readonly isolation?: string
}

/**
 * The transaction groups of a file. An ordinary file is one transaction, as Prisma runs it; a
 * `BEGIN … COMMIT` around the whole file means the same. It is split only where PostgreSQL requires it:
 * around statements that must run alone, after adding an enum value that the file uses, and at its own
 * COMMITs. `-- slipway: no-transaction` on a line of its own makes every statement a transaction group.
 */
export function transactionGroupsOf(
  sql: string,
  statements: readonly Statement[],
  markers: readonly Marker[] = markersIn(sql),
): TransactionGroup[] {
  const everyOne = markers.some(({ name }) => name === 'no-transaction')
  const groups: Omit<TransactionGroup, 'number' | 'sql' | 'offset'>[] = []
  let open: Statement[] = []
  let chosen: Pick<TransactionGroup, 'isolation'> = {}
  let explicit = false
  const close = (rolledBack = false) => {
    if (open.length > 0)
      groups.push({
        statements: open,
        kind: 'transaction',
        rolledBack,
        ...(open.every(keepsObjects) ? chosen : {}),
      })
    open = []
  }
  for (const [index, statement] of statements.entries()) {
    switch (statement.role.kind) {
      case 'begin':
        // Statements before a BEGIN are in the implicit transaction that BEGIN turns into a block.
        explicit = true
        // After a statement, the server accepts no level.
        if (open.length === 0 && statement.role.isolation !== undefined)
          chosen = { isolation: statement.role.isolation }
        break
      case 'commit':
      case 'rollback':
        close(statement.role.kind === 'rollback')
        explicit = false
        chosen = {}
        break
      case 'alone':
        close()
        groups.push({ statements: [statement], kind: 'alone', rolledBack: false })
        break
      case 'enum-value':
        open.push(statement)
        if ((everyOne && !explicit) || usedLater(statement.role.value, statements.slice(index + 1)))
          close()
        break
      case 'ordinary':
        open.push(statement)
        if (everyOne && !explicit) close()
        break
    }
  }
  close()
  const runnable = withoutBegins(sql, statements)
  return groups.map((group, index) => {
    const offset = group.statements[0]?.start ?? 0
    const end = group.statements.at(-1)?.end ?? offset
    return { number: index + 1, ...group, sql: runnable.slice(offset, end), offset }
  })
}

/** Whether a statement certainly drops, empties or converts no object. */
function keepsObjects({ actions }: Statement): boolean {
  return actions.every(
    (action) =>
      KEEPS_OBJECTS.has(action.kind) || (action.kind === 'opaque' && action.calls?.length === 0),
  )
}

const KEEPS_OBJECTS: ReadonlySet<Action['kind']> = new Set([
  'insert',
  'update',
  'delete',
  'lock-table',
  'set',
  'create-table',
  'create-index',
  'create-view',
  'add-column',
  'add-constraint',
])

/**
 * Blanks each BEGIN inside a transaction group, because the executor opens the transaction. Offsets do not
 * change.
 */
function withoutBegins(sql: string, statements: readonly Statement[]): string {
  let text = sql
  for (const { role, start, end } of statements) {
    if (role.kind === 'begin')
      text = text.slice(0, start) + ' '.repeat(end - start) + text.slice(end)
  }
  return text
}

function usedLater(value: string, later: readonly Statement[]): boolean {
  return later.some(
    (statement) => statement.role.kind !== 'enum-value' && mentionsValue(statement, value),
  )
}

/** Whether a statement contains a literal string, including within its code; comments do not count. */
export function mentionsValue({ text }: Pick<Statement, 'text'>, value: string): boolean {
  const literal = `'${value.replaceAll("'", "''")}'`
  return text.includes(literal) && tokensOf(text).some((token) => token.text.includes(literal))
}

/**
 * The first statement before which a query may run: the server accepts SET TRANSACTION only before any query.
 */
export function firstAfterSettings({
  statements,
}: Pick<TransactionGroup, 'statements'>): Statement | undefined {
  const isSetting = ({ settings }: Statement) =>
    settings === 'changes' || settings === 'transaction'
  const others = statements.findIndex((one) => !isSetting(one))
  const leading = others === -1 ? statements : statements.slice(0, others)
  return statements[leading.findLastIndex(({ settings }) => settings === 'transaction') + 1]
}
