import type { Session } from '../../database/index.ts'
import { attempt, type Failure, rethrow } from '../../kernel/index.ts'
import type { MigrationPlan } from '../../plan/index.ts'
import { parseStatements, type Statement } from '../../statements/index.ts'

/** When a statement of the migration ran: each attempt of it is one. Milliseconds. */
export interface Span {
  readonly statement: number
  readonly line: number
  readonly from: number
  readonly to: number
}

/**
 * A session that tells when each statement of a migration ran. A transaction that is given as one message goes statement
 * by statement, for a server answers a message as a whole; what it does is the same.
 */
export function timing(
  session: Session,
  { statements }: Pick<MigrationPlan, 'statements'>,
  now: () => number,
): { readonly session: Session; readonly spans: readonly Span[] } {
  const spans: Span[] = []
  const run = async (sql: string, own: Statement | undefined) => {
    const from = now()
    const ran = await attempt(() => session.execute(sql))
    if (own) spans.push({ statement: own.number, line: own.line, from, to: now() })
    return ran
  }
  const execute = async (script: string) => {
    const parts = parseStatements(script)
    const owns = ownersOf(parts, statements)
    if (parts[0]?.role.kind !== 'begin') {
      const ran = await run(
        script,
        owns.find((own) => own !== undefined),
      )
      return ran.ok ? undefined : rethrow(ran.failure)
    }
    for (const [index, part] of parts.entries()) {
      const ran = await run(part.text, owns[index])
      if (!ran.ok) rethrow(asOfScript(ran.failure, { script, part, completed: index }))
    }
  }
  return { session: { ...session, execute }, spans }
}

/** Which statement of the migration each part is, by their texts and their order. */
function ownersOf(
  parts: readonly Statement[],
  statements: readonly Statement[],
): readonly (Statement | undefined)[] {
  let last = 0
  return parts.map(({ text }) => {
    const found = statements.find((one) => one.number > last && one.text === text)
    if (found) last = found.number
    return found
  })
}

/** The failure of a part as the server would have told it of the whole. */
function asOfScript(
  failure: Failure,
  at: { readonly script: string; readonly part: Statement; readonly completed: number },
): Failure {
  const { server } = failure
  if (server === undefined) return failure
  const { position, ...rest } = server
  const before = at.script.slice(0, at.part.start).length
  const placed = position === undefined ? {} : { position: position + before }
  return { ...failure, server: { ...rest, ...placed, completed: at.completed } }
}
