import { keyOf } from '../schema/index.ts'
import type { Action, ObjectName, RenameAction } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/**
 * Whether running clients do not depend on the old name of a view or a type: the migration made the object, or it gives the
 * name to another one, as Prisma does when it changes an enum.
 */
export function isNewName(
  { from, schema: inSchema }: Pick<RenameAction, 'from'> & { readonly schema?: string },
  { migration, schema }: Context,
): boolean {
  const key = keyOf(schema, { name: from, ...(inSchema ? { schema: inSchema } : {}) })
  return migration.statements.some(({ actions }) =>
    actions.some((action) => {
      const name = nameGivenBy(action)
      return name !== undefined && keyOf(schema, name) === key
    }),
  )
}

/** The view or type that has this name after an action, and had not before. */
function nameGivenBy(action: Action): ObjectName | undefined {
  if (action.kind === 'create-view') return action.view
  if (action.kind === 'create-enum') return action.type
  if (action.kind !== 'rename' || (action.of !== 'view' && action.of !== 'type')) return undefined
  return { name: action.to, ...(action.schema ? { schema: action.schema } : {}) }
}
