import { quoteLiteral } from '../database/index.ts'
import type { Hooks, StatementHooks } from '../execution/index.ts'
import {
  type Action,
  firstAfterSettings,
  type Statement,
  type TransactionGroup,
} from '../statements/index.ts'
import type { KeepOptions } from './keep-hooks.ts'
import { call } from './postgres/sql-text.ts'

/**
 * The SQL sent with a migration's transaction groups to record the attributes that they change or remove:
 * owners, privileges, comments, settings, positions of sequences. The server compares the attributes
 * before and after each group.
 */
export function attributeHooksOf(groups: readonly TransactionGroup[], options: KeepOptions): Hooks {
  const hooks = new Map<number, StatementHooks>()
  for (const group of groups) {
    const { kind, rolledBack, statements } = group
    const first = firstAfterSettings(group)
    const last = statements.at(-1)
    if (kind !== 'transaction' || rolledBack || !first || !last) continue
    if (statements.every(({ actions }) => actions.every(leavesAttributes))) continue
    const which = [options.history, options.migration].map(quoteLiteral)
    const before = [call(options, 'record_before', ...which)]
    const sets = String(statements.some(setsPositions))
    const after = [...asLogin(statements), call(options, 'record_after', ...which, sets)]
    hooks.set(first.number, { before })
    hooks.set(last.number, { ...hooks.get(last.number), after })
  }
  return hooks
}

/** Combines hooks so that those of `outer` run first and last. */
export function aroundHooks(outer: Hooks, inner: Hooks): Hooks {
  const numbers = new Set([...outer.keys(), ...inner.keys()])
  return new Map(
    [...numbers].map((number) => {
      const [around, own] = [outer.get(number), inner.get(number)]
      const before = [...(around?.before ?? []), ...(own?.before ?? [])]
      const after = [...(own?.after ?? []), ...(around?.after ?? [])]
      return [number, { ...own, before, after }]
    }),
  )
}

/** SQL that returns to the login role: a file may have set a role that has no rights to the ledger. */
function asLogin(statements: readonly Statement[]): string[] {
  if (!statements.some(({ settings }) => settings === 'changes')) return []
  return ['SET LOCAL SESSION AUTHORIZATION DEFAULT', 'SET LOCAL ROLE TO DEFAULT']
}

/**
 * Whether an action cannot change owners, privileges, comments, settings or positions of existing objects.
 */
function leavesAttributes(action: Action): boolean {
  return KEEPS_ATTRIBUTES.has(action.kind)
}

const KEEPS_ATTRIBUTES: ReadonlySet<Action['kind']> = new Set([
  'create-table',
  'create-view',
  'create-index',
  'create-enum',
  'create-trigger',
  'create-policy',
  'create-extension',
  'add-column',
  'add-constraint',
  'add-enum-value',
  'add-domain-constraint',
  'attach-partition',
  'set-default',
  'set-not-null',
  'drop-not-null',
  'validate-constraint',
  'row-security',
  'lock-table',
  'vacuum',
  'reindex',
])

/**
 * Whether a statement may set the position of a sequence, or take a number from it: by its text, or in
 * code that it calls. The text is searched, and not what the statement does, because only a miss does harm: a
 * function cannot be called without its name, unless that is written with Unicode escapes (`U&"…"`), and a
 * word in a comment or a literal only causes positions to be recorded that did not move.
 */
export function setsPositions({ actions, text }: Statement): boolean {
  return /\b(?:setval|nextval)\b|\bU&"/i.test(text) || actions.some(({ kind }) => kind === 'opaque')
}
