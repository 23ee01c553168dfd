import type { Action, ConstraintDefinition, ObjectName } from '../statements/index.ts'
import type { Context } from './hazard.ts'
import { knownNotNull } from './not-null.ts'
import { typeChangeOf } from './type-change-of.ts'

/** Work whose time grows with the rows of a table. */
export interface Work {
  readonly table: ObjectName
  readonly kind: 'reads all rows of' | 'builds an index on' | 'rewrites all rows of'
}

/** What an action does with all rows of a table; excludes UPDATE and DELETE. */
export function workOf(action: Action, context: Context): Work | undefined {
  switch (action.kind) {
    case 'create-index':
      return action.concurrently ? undefined : { table: action.table, kind: 'builds an index on' }
    case 'add-constraint':
      return workOfConstraint(action.table, action.constraint)
    case 'validate-constraint':
      return { table: action.table, kind: 'reads all rows of' }
    case 'set-not-null':
      if (knownNotNull(context.schema, action.table, action.column)) return undefined
      return { table: action.table, kind: 'reads all rows of' }
    case 'change-type': {
      const { kind } = typeChangeOf(action, context)
      if (kind === 'catalog') return undefined
      const work = kind === 'indexes' ? 'builds an index on' : 'rewrites all rows of'
      return { table: action.table, kind: work }
    }
    case 'add-column': {
      const { filledBy, default: set, constraints } = action.column
      if (set?.kind === 'volatile' || (filledBy !== undefined && filledBy !== 'virtual'))
        return { table: action.table, kind: 'rewrites all rows of' }
      return constraints
        .filter(({ kind }) => kind !== 'foreign-key' || set !== undefined)
        .map((constraint) => workOfConstraint(action.table, constraint))
        .find((work) => work !== undefined)
    }
    default:
      return undefined
  }
}

function workOfConstraint(table: ObjectName, constraint: ConstraintDefinition): Work | undefined {
  switch (constraint.kind) {
    case 'primary-key':
    case 'unique':
    case 'exclusion':
      return constraint.usingIndex === undefined ? { table, kind: 'builds an index on' } : undefined
    case 'foreign-key':
    case 'check':
    case 'not-null':
      return constraint.notValid ? undefined : { table, kind: 'reads all rows of' }
  }
}
