import type { Action } from '../../migration/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full } from '../names.ts'
import { keyOf, tableNamed } from '../schema.ts'

/** Prisma's diff drops what schema.prisma has no words for, and cannot make it again. */
export const dropInexpressible: Rule = {
  id: 'drop-inexpressible',
  title: 'Something is dropped that schema.prisma cannot express',
  judge(action, context) {
    const dropped = inexpressible(action, context)
    if (dropped === undefined) return undefined
    return {
      severity: 'warning',
      object: dropped,
      message: `The ${dropped} is dropped, and schema.prisma has no words for it: no later migration of Prisma's makes it again.`,
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
      // A check that this migration added for a while is a step of a safe SET NOT NULL.
      if (addedHere(action.name, context)) return undefined
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

function addedHere(constraint: string, { migration }: Context): boolean {
  return migration.statements.some(({ actions }) =>
    actions.some((one) => one.kind === 'add-constraint' && one.constraint.name === constraint),
  )
}
