import type { Marker } from './marker.ts'
import { markersIn } from './postgres/markers.ts'
import { tokensOf } from './postgres/tokens.ts'
import type { Statement } from './statement.ts'

/** What of a file is run and committed together. Groups follow each other in the file's order. */
export interface TransactionGroup {
  /** From 1. */
  readonly number: number
  /** `transaction`: its statements commit or fail as one. `alone`: one statement, outside any transaction. */
  readonly kind: 'transaction' | 'alone'
  readonly statements: readonly Statement[]
  /** The SQL to send: a slice of the file without its BEGIN and COMMIT, all else at its place. */
  readonly sql: string
  /** Where `sql` begins in the file: an index of its text. */
  readonly offset: number
  /** The file ends this block with ROLLBACK: it is run, and leaves nothing. */
  readonly rolledBack: boolean
}

/**
 * The transaction groups of a file. A file without statements that need more is one transaction, as Prisma runs it;
 * `BEGIN … COMMIT` around all of it says the same. Otherwise it is cut where PostgreSQL demands it:
 * around statements that run alone, after an enum value that the file uses, at its own COMMITs.
 * `-- slipway: no-transaction` on a line of its own makes every statement a transaction group.
 */
export function transactionGroupsOf(
  sql: string,
  statements: readonly Statement[],
  markers: readonly Marker[] = markersIn(sql),
): TransactionGroup[] {
  const everyOne = markers.some(({ name }) => name === 'no-transaction')
  const groups: { statements: Statement[]; kind: TransactionGroup['kind']; rolledBack: boolean }[] =
    []
  let open: Statement[] = []
  let explicit = false
  const close = (rolledBack = false) => {
    if (open.length > 0) groups.push({ statements: open, kind: 'transaction', rolledBack })
    open = []
  }
  for (const [index, statement] of statements.entries()) {
    switch (statement.role.kind) {
      case 'begin':
        // Work before a BEGIN is in the implicit transaction that BEGIN turns into a block.
        explicit = true
        break
      case 'commit':
      case 'rollback':
        close(statement.role.kind === 'rollback')
        explicit = false
        break
      case 'alone':
        close()
        groups.push({ statements: [statement], kind: 'alone', rolledBack: false })
        break
      case 'enum-value':
        open.push(statement)
        if (usedLater(statement.role.value, statements.slice(index + 1))) close()
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

/** A BEGIN inside a transaction group is blanked, so that all offsets stay: the executor opens the transaction. */
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

/** The first statement before which a query may run: the server takes SET TRANSACTION only before any. */
export function firstAfterSettings({
  statements,
}: Pick<TransactionGroup, 'statements'>): Statement | undefined {
  const isSetting = ({ settings }: Statement) =>
    settings === 'changes' || settings === 'transaction'
  const others = statements.findIndex((one) => !isSetting(one))
  const leading = others === -1 ? statements : statements.slice(0, others)
  return statements[leading.findLastIndex(({ settings }) => settings === 'transaction') + 1]
}
