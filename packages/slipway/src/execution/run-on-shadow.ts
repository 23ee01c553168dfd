import { quoteIdentifier, type Session } from '../database/index.ts'
import type { ServerError } from '../kernel/index.ts'
import type { Migration, TransactionGroup } from '../statements/index.ts'
import { executeGroup, type Refusal } from './execute-group.ts'
import { type Hooks, NO_HOOKS } from './hooks.ts'
import type { Observer } from './observer.ts'
import { changesSettings, resetSessionSql } from './postgres/session-reset.ts'

/** A migration to be executed on a shadow database: nobody else is there, and nothing is recorded. */
export interface ShadowExecution {
  readonly migration: Pick<Migration, 'groups' | 'statements'>
  readonly hooks?: Hooks | undefined
  readonly observer?: Observer | undefined
  /** SQL at the end of the last transaction. */
  readonly end?: string
}

/** What ended an execution on a shadow database. */
export interface ShadowRefusal extends Refusal {
  readonly group: TransactionGroup
  /** Groups before it are committed. */
  readonly committed: boolean
}

/**
 * Executes a migration on a shadow database as on a target, without limits and journal. A role that it names
 * and the server lacks is created, because roles belong to servers, not histories. Gives the first refusal; then its
 * group left nothing.
 */
export async function runOnShadow(
  session: Session,
  execution: ShadowExecution,
): Promise<ShadowRefusal | undefined> {
  const { migration, end = '' } = execution
  const groups = migration.groups.filter(({ rolledBack }) => !rolledBack)
  const reset = resetSessionSql(session, '')
  for (const [index, group] of groups.entries()) {
    const position = index === 0 ? { reset } : {}
    const record = index === groups.length - 1 ? end : ''
    const refusal = await runShadowGroup(session, group, { ...execution, ...position, record })
    if (refusal) return { ...refusal, group, committed: index > 0 }
  }
  const last = groups.length === 0 ? end : ''
  const behind = (changesSettings(migration) ? reset.sql : '') + last
  if (behind !== '') await session.execute(behind)
  return undefined
}

/**
 * Executes one transaction group on a shadow database, in the session as it is. For callers that read the database
 * between the groups of a migration.
 */
export async function runShadowGroup(
  session: Session,
  group: TransactionGroup,
  {
    hooks = NO_HOOKS,
    ...more
  }: Pick<ShadowExecution, 'hooks' | 'observer'> &
    Partial<Pick<Parameters<typeof executeGroup>[0], 'reset' | 'record'>> = {},
): Promise<Refusal | undefined> {
  const created = new Set<string>()
  for (;;) {
    const refusal = await executeGroup({ session, group, hooks, ...more })
    const role = missingRole(refusal?.failure.server)
    if (role === undefined || created.has(role)) return refusal
    await session.execute(`CREATE ROLE ${quoteIdentifier(role)}`)
    created.add(role)
  }
}

/** The role that a statement names and the server lacks, where it was refused for that. */
function missingRole(server: ServerError | undefined): string | undefined {
  if (server?.sqlstate !== '42704') return undefined
  return /^role "(.+)" does not exist$/.exec(server.message)?.[1]
}
