import { keyOf, type DatabaseSchema, tableNamed } from '../../schema/index.ts'
import type { Action } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** Prisma's diff drops what schema.prisma cannot express, and cannot create it again. */
export const dropInexpressible: Rule = {
  id: 'drop-inexpressible',
  title: 'Something is dropped that schema.prisma cannot express',
  judge(action, context) {
    const dropped = inexpressible(action, context)
    if (dropped === undefined || isMadeHere(action, context)) return undefined
    return {
      severity: 'warning',
      object: dropped,
      message: `The ${dropped} is dropped, and schema.prisma cannot express it: no later migration of Prisma creates it again.`,
    }
  },
}

function inexpressible(action: Action, context: Context): string | undefined {
  switch (action.kind) {
    case 'drop-index': {
      const index = context.schema.indexes.get(keyOf(context.schema, action.index))
      if (index?.partial === true) return `partial index ${full(context, action.index)}`
      const computed = index?.columns.includes('') === true
      return computed ? `expression index ${full(context, action.index)}` : undefined
    }
    case 'drop-constraint': {
      const constraints = tableNamed(context.schema, action.table)?.constraints ?? []
      const kind = constraints.find(({ name }) => name === action.name)?.kind
      if (kind !== 'check' && kind !== 'exclusion') return undefined
      return `${kind} constraint ${action.name} of ${full(context, action.table)}`
    }
    case 'drop-on-table':
      return `${action.of} ${action.name} of ${full(context, action.table)}`
    case 'drop':
      return action.of === 'view' || action.of === 'materialized-view'
        ? `view ${full(context, action.object)}`
        : undefined
    default:
      return undefined
  }
}

/**
 * Whether the same file creates what it drops: it is created again, or was created for a while only, as a check is
 * for a safe SET NOT NULL.
 */
function isMadeHere(dropped: Action, { migration, schema }: Context): boolean {
  const name = identityOf(dropped, schema)
  return migration.statements.some(({ actions }) =>
    actions.some((one) => one.kind !== dropped.kind && identityOf(one, schema) === name),
  )
}

/** What an action makes or drops; the same text for both. */
function identityOf(action: Action, schema: DatabaseSchema): string | undefined {
  switch (action.kind) {
    case 'create-view':
      return `view ${keyOf(schema, action.view)}`
    case 'drop':
      return `view ${keyOf(schema, action.object)}`
    case 'rename':
      return action.of === 'view'
        ? `view ${keyOf(schema, { schema: action.schema, name: action.to })}`
        : undefined
    case 'create-index':
      return `index ${keyOf(schema, { ...action.table, name: action.name ?? '' })}`
    case 'drop-index':
      return `index ${keyOf(schema, action.index)}`
    case 'add-constraint':
      return `constraint ${action.constraint.name} of ${keyOf(schema, action.table)}`
    case 'drop-constraint':
      return `constraint ${action.name} of ${keyOf(schema, action.table)}`
    case 'create-trigger':
      return `trigger ${action.name} of ${keyOf(schema, action.table)}`
    case 'create-policy':
      return `policy ${action.name} of ${keyOf(schema, action.table)}`
    case 'drop-on-table':
      return `${action.of} ${action.name} of ${keyOf(schema, action.table)}`
    default:
      return undefined
  }
}
