import type { Action, ConstraintDefinition, ObjectName } from '../migration/index.ts'
import type { Context } from './hazard.ts'
import { knownNotNull } from './not-null.ts'
import { typeChangeOf } from './type-change-of.ts'

/** Work whose time grows with the rows of a table. */
export interface Work {
  readonly table: ObjectName
  readonly kind: 'reads every row' | 'builds an index' | 'writes every row anew'
}

/** What an action does with all rows of a table. Changes of rows by UPDATE and DELETE are not meant. */
export function workOf(action: Action, context: Context): Work | undefined {
  switch (action.kind) {
    case 'create-index':
      return action.concurrently ? undefined : { table: action.table, kind: 'builds an index' }
    case 'add-constraint':
      return workOfConstraint(action.table, action.constraint)
    case 'validate-constraint':
      return { table: action.table, kind: 'reads every row' }
    case 'set-not-null':
      if (knownNotNull(context.schema, action.table, action.column)) return undefined
      return { table: action.table, kind: 'reads every row' }
    case 'change-type': {
      const { kind } = typeChangeOf(action, context)
      if (kind === 'catalog') return undefined
      const work = kind === 'indexes' ? 'builds an index' : 'writes every row anew'
      return { table: action.table, kind: work }
    }
    case 'add-column': {
      const { filledBy, default: set, constraints } = action.column
      if (set?.kind === 'volatile' || (filledBy !== undefined && filledBy !== 'virtual'))
        return { table: action.table, kind: 'writes every row anew' }
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
      return constraint.usingIndex === undefined ? { table, kind: 'builds an index' } : undefined
    case 'foreign-key':
    case 'check':
    case 'not-null':
      return constraint.notValid ? undefined : { table, kind: 'reads every row' }
  }
}
