import { ownPinSql, quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import type { Migration, TransactionGroup } from '../statements/index.ts'
import { executeGroup, type Refusal } from './execute-group.ts'
import { type Hooks, NO_HOOKS } from './hooks.ts'
import type { Keeper } from './keeper.ts'
import type { Observer } from './observer.ts'
import { changesSettings, resetSessionSql } from './postgres/session-reset.ts'

/** A migration to be executed on a shadow database: there are no other sessions, and nothing is recorded. */
export interface ShadowExecution {
  readonly migration: Pick<Migration, 'groups' | 'statements'>
  readonly hooks?: Hooks | undefined
  readonly observer?: Observer | undefined
  /** Keeps what the hooks do not. */
  readonly keeper?: Keeper | undefined
  /** SQL at the end of the last transaction. */
  readonly end?: string
}

/** What ended an execution on a shadow database. */
export interface ShadowRefusal extends Refusal {
  readonly group: TransactionGroup
  /** Whether earlier groups are committed. */
  readonly committed: boolean
}

/**
 * Executes a migration on a shadow database as on a target, without limits and journal. A role that it names
 * and the server lacks is created, because roles belong to servers, not histories. So is a harmless extension
 * that the role of the session may not create: see sandbox.ts. Returns the first refusal; its group has left
 * nothing behind.
 */
export async function runOnShadow(
  session: Session,
  execution: ShadowExecution,
): Promise<ShadowRefusal | undefined> {
  const { migration } = execution
  const end = ownPinSql(session) + (execution.end ?? '')
  const groups = migration.groups.filter(({ rolledBack }) => !rolledBack)
  const reset = resetSessionSql(session, '')
  for (const [index, group] of groups.entries()) {
    const position = index === 0 ? { reset } : {}
    const record = index === groups.length - 1 ? end : ''
    const refusal = await runShadowGroup(session, group, { ...execution, ...position, record })
    if (refusal) {
      if (index > 0) await session.execute(ownPinSql(session))
      return { ...refusal, group, committed: index > 0 }
    }
  }
  const endSql = groups.length === 0 ? end : ''
  const resetSql = changesSettings(migration) ? reset.sql + ownPinSql(session) : ''
  if (resetSql + endSql !== '') await session.execute(resetSql + endSql)
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
    ...rest
  }: Pick<ShadowExecution, 'hooks' | 'observer' | 'keeper'> &
    Partial<Pick<Parameters<typeof executeGroup>[0], 'reset' | 'record'>> = {},
): Promise<Refusal | undefined> {
  const created = new Set<string>()
  let effectiveHooks = hooks
  let first: Refusal | undefined
  for (;;) {
    const refusal = await executeGroup({ session, group, hooks: effectiveHooks, ...rest })
    const missing = refusal?.failure.server?.missing
    const role = missing?.kind === 'role' ? missing.name : undefined
    const extension = refusedExtension(refusal)
    if (role !== undefined && !created.has(role)) {
      await session.execute(createRoleSql(role))
      created.add(role)
    } else if (extension !== undefined && !effectiveHooks.has(extension.statement)) {
      const replaced = { instead: [extension.sql] }
      effectiveHooks = new Map([...effectiveHooks, [extension.statement, replaced]])
      first = refusal
    } else {
      // If the owner of `slipway_create_extension` may not create it either, the original refusal says why.
      return refusal && first?.statement === refusal.statement ? first : refusal
    }
  }
}

/** The statement that was refused because only a superuser may create its extension, and the SQL that creates it. */
function refusedExtension(
  refusal: Refusal | undefined,
): { readonly statement: number; readonly sql: string } | undefined {
  const statement = refusal?.statement
  const action = statement?.actions.find(({ kind }) => kind === 'create-extension')
  if (statement === undefined || action?.kind !== 'create-extension') return undefined
  if (refusal?.failure.server?.sqlstate !== '42501') return undefined
  const text = (value: string | undefined) => (value === undefined ? 'NULL' : quoteLiteral(value))
  const { name, schema, version, cascade } = action
  const given = [text(name), text(schema), 'current_schema()', text(version), String(cascade)]
  return {
    statement: statement.number,
    sql: `SELECT pg_catalog.slipway_create_extension(${given.join(', ')})`,
  }
}

/** SQL that creates a role without privileges. On a private server, the session may create roles only through `slipway_create_role`. */
function createRoleSql(role: string): string {
  const create = `CREATE ROLE ${quoteIdentifier(role)}`
  return `DO ${quoteLiteral(`BEGIN
  IF to_regproc('pg_catalog.slipway_create_role') IS NULL THEN EXECUTE ${quoteLiteral(create)};
  ELSE PERFORM pg_catalog.slipway_create_role(${quoteLiteral(role)}); END IF;
END`)}`
}
