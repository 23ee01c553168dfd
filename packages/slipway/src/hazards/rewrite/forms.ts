import type { Action, ConstraintDefinition } from '../../statements/index.ts'
import { hasUniqueIndex } from '../rules/refresh-not-concurrent.ts'
import { refreshedConcurrently, reindexedConcurrently } from '../safe-sql.ts'
import { filledColumn } from './column-form.ts'
import { addedConstraint } from './constraint-form.ts'
import { type Form, none, type Site } from './form.ts'
import { builtIndex, droppedIndexes } from './index-form.ts'
import { setNotNull } from './not-null-form.ts'
import { batchedUpdate } from './update-form.ts'

/** The hazards of an action that another form of the statement can avoid. */
export function idsOf(action: Action): readonly string[] {
  switch (action.kind) {
    case 'create-index':
      return ['index-not-concurrent']
    case 'drop-index':
      return ['drop-index-not-concurrent']
    case 'add-constraint':
      return idsOfConstraint(action.constraint)
    case 'set-not-null':
      return ['not-null-scans']
    case 'update':
      return ['backfill-unbatched']
    case 'reindex':
      return ['reindex']
    case 'refresh-view':
      return ['refresh-not-concurrent']
    case 'add-column':
      return [
        ...(action.column.default?.kind === 'volatile' ? ['volatile-default'] : []),
        ...action.column.constraints
          .filter(({ kind }) => kind !== 'foreign-key' || action.column.default !== undefined)
          .flatMap(idsOfConstraint),
      ]
    default:
      return []
  }
}

const CONSTRAINT_IDS: Readonly<Record<ConstraintDefinition['kind'], readonly string[]>> = {
  'foreign-key': ['foreign-key-validates'],
  check: ['check-validates'],
  unique: ['unique-in-place'],
  'primary-key': ['primary-key-in-place'],
  exclusion: ['exclusion-constraint'],
  'not-null': ['not-null-scans'],
}

/** Like the rules, without a constraint that reads no rows and builds no index. */
function idsOfConstraint({ kind, notValid, usingIndex }: ConstraintDefinition): readonly string[] {
  return notValid || usingIndex !== undefined ? [] : CONSTRAINT_IDS[kind]
}

/** The safe form of an action that has one of those hazards. */
export function formOf(action: Action, site: Site): Form {
  switch (action.kind) {
    case 'create-index':
      return builtIndex(action, site)
    case 'drop-index':
      return droppedIndexes(site)
    case 'add-constraint':
      return addedConstraint(action.table, action.constraint, site)
    case 'set-not-null':
      return setNotNull(action.table, action.column, site)
    case 'update':
      return batchedUpdate(action, site)
    case 'reindex':
      return concurrentForm(
        reindexedConcurrently(site.text),
        'PostgreSQL refuses CONCURRENTLY for the system catalogs.',
      )
    case 'refresh-view':
      return concurrentForm(
        hasUniqueIndex(site.schema, action.view) ? refreshedConcurrently(site.text) : undefined,
        'CONCURRENTLY needs a unique index on columns of the view.',
      )
    case 'add-column':
      return action.column.default?.kind === 'volatile'
        ? filledColumn(action.table, action.column, site)
        : none(
            'The constraint is written together with its column. Add the column first, then the constraint.',
          )
    default:
      return none('It has no other form.')
  }
}

function concurrentForm(statement: string | undefined, otherwise: string): Form {
  if (statement === undefined) return none(otherwise)
  const done = 'It runs CONCURRENTLY, without blocking readers or writers of the table.'
  return { kind: 'steps', steps: [statement], separateTransactions: false, done }
}
