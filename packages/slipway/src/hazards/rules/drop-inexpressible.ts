import { keyOf, type DatabaseSchema, referenceOf, tableNamed } from '../../schema/index.ts'
import {
  type Action,
  objectKey,
  type ObjectName,
  type ObjectRef,
  partRef,
} from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** Prisma's diff drops objects that schema.prisma cannot express, and cannot recreate them. */
export const dropInexpressible: Rule = {
  id: 'drop-inexpressible',
  title: 'An object that schema.prisma cannot express is dropped',
  judge(action, context) {
    const dropped = inexpressible(action, context)
    if (dropped === undefined || isMadeHere(action, context)) return undefined
    return {
      severity: 'warning',
      object: objectOf(action, context.schema),
      message: `The ${dropped} is dropped, and schema.prisma cannot express it: no later Prisma migration recreates it.`,
    }
  },
}

/**
 * The description, for the message, of the dropped object that schema.prisma
 * cannot express; otherwise undefined.
 */
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
 * Whether the same file also creates the dropped object: it recreates it, or created it only temporarily,
 * like the check for a safe SET NOT NULL.
 */
function isMadeHere(dropped: Action, { migration, schema }: Context): boolean {
  const key = keyOfObject(dropped, schema)
  return migration.statements.some(({ actions }) =>
    actions.some((one) => one.kind !== dropped.kind && keyOfObject(one, schema) === key),
  )
}

function keyOfObject(action: Action, schema: DatabaseSchema): string | undefined {
  const object = objectOf(action, schema)
  return object && objectKey(object)
}

/**
 * The object that an action creates or drops. A materialized view counts as a view, because a rename does
 * not distinguish them.
 */
function objectOf(action: Action, schema: DatabaseSchema): ObjectRef | undefined {
  const part = (kind: Parameters<typeof partRef>[0], table: ObjectName, name = '') =>
    partRef(kind, referenceOf(schema, table), name)
  switch (action.kind) {
    case 'create-view':
      return { kind: 'view', ...referenceOf(schema, action.view) }
    case 'drop':
      return { kind: 'view', ...referenceOf(schema, action.object) }
    case 'rename':
      return action.of === 'view'
        ? { kind: 'view', ...referenceOf(schema, { schema: action.schema, name: action.to }) }
        : undefined
    case 'create-index':
      return { kind: 'index', ...referenceOf(schema, { ...action.table, name: action.name ?? '' }) }
    case 'drop-index':
      return { kind: 'index', ...referenceOf(schema, action.index) }
    case 'add-constraint':
      return part('constraint', action.table, action.constraint.name)
    case 'drop-constraint':
      return part('constraint', action.table, action.name)
    case 'create-trigger':
      return part('trigger', action.table, action.name)
    case 'create-policy':
      return part('policy', action.table, action.name)
    case 'drop-on-table':
      return part(action.of, action.table, action.name)
    default:
      return undefined
  }
}
