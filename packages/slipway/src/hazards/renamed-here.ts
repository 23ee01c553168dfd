import { keyOf } from '../schema/index.ts'
import type { Action, ObjectName, RenameAction } from '../statements/index.ts'
import type { Context } from './hazard.ts'

/**
 * Whether no running client depends on the old name of a view or type: either the migration created the
 * object, or it gives the name to another object, as Prisma does when it changes an enum.
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

/** The name that an action gives to a view or type, by creating or renaming it. */
function nameGivenBy(action: Action): ObjectName | undefined {
  if (action.kind === 'create-view') return action.view
  if (action.kind === 'create-enum') return action.type
  if (action.kind !== 'rename' || (action.of !== 'view' && action.of !== 'type')) return undefined
  return { name: action.to, ...(action.schema ? { schema: action.schema } : {}) }
}
