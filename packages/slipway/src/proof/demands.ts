import type { Action, ObjectName } from '../statements/index.ts'
import type { SeenEffect } from './seen-effect.ts'

/** What an action destroys where it runs, as PostgreSQL shows it. */
export interface Demand {
  /** As SQL has it. */
  readonly verb: string
  /** Absent if it may be any. */
  readonly table?: ObjectName
  /** The effects of which there must be one; none if no run shows it. */
  readonly shown: readonly SeenEffect['what'][]
  /** What it may do to data of other tables. */
  readonly reaches?: readonly SeenEffect['what'][]
  readonly column?: string
  /** Columns that it sets; absent if it may set any. */
  readonly sets?: readonly string[]
  /** The type that it gives the column. */
  readonly type?: string
  /** What is removed or changed of the schema. */
  readonly object?: string
  /** The same text has it several times. */
  readonly several?: boolean
}

export const CHANGE_OF_TYPE = 'change of type'

/** What an action demands of a run. */
export function demandsOf(action: Action): Demand[] {
  switch (action.kind) {
    case 'delete':
      return [{ verb: 'DELETE', table: action.table, shown: ['deleted'], ...several(action) }]
    case 'update': {
      const { table, columns: sets } = action
      return [{ verb: 'UPDATE', table, shown: ['updated'], sets, ...several(action) }]
    }
    case 'insert':
      return action.updates ? [{ verb: 'UPDATE', table: action.table, shown: ['updated'] }] : []
    case 'truncate':
      return action.tables.map((table) => ({ verb: 'TRUNCATE', table, shown: ['emptied'] }))
    case 'drop-column': {
      const { table, column } = action
      return [{ verb: 'DROP COLUMN', table, column, shown: ['column-dropped', 'dropped'] }]
    }
    case 'change-type': {
      const { table, column, type } = action
      return [{ verb: CHANGE_OF_TYPE, table, shown: [], object: column, column, type }]
    }
    case 'drop':
      return droppedBy(action)
    case 'drop-owned':
    case 'drop-database':
      return [{ verb: 'DROP', shown: [], reaches: DROPPED }]
    case 'refresh-view':
      return [{ verb: 'REFRESH', shown: [] }]
    case 'other':
      return action.of === 'OBJECT_TYPE' ? [{ verb: 'ALTER TYPE', shown: [], object: '' }] : []
    default:
      return []
  }
}

const DROPPED = ['dropped', 'column-dropped'] as const

function several({ clauses = 1 }: { readonly clauses?: number }): { readonly several?: true } {
  return clauses > 1 ? { several: true } : {}
}

function droppedBy({ of, object, cascade }: Extract<Action, { kind: 'drop' }>): Demand[] {
  switch (of) {
    case 'table':
      return [{ verb: 'DROP TABLE', table: object, shown: ['dropped'] }]
    case 'schema':
    case 'sequence':
    case 'materialized-view':
    case 'extension': {
      const verb = `DROP ${of.replace('-', ' ').toUpperCase()}`
      return [{ verb, shown: [], object: object.name, reaches: cascade ? DROPPED : [] }]
    }
    default:
      return cascade && of === 'type' ? [{ verb: 'DROP TYPE', shown: ['column-dropped'] }] : []
  }
}

/** What destroys data in a text from which code builds statements, and as PostgreSQL shows it. */
const VERBS: readonly (readonly [RegExp, string, readonly SeenEffect['what'][]])[] = [
  [/\bdelete\s+from\b/gi, 'DELETE', ['deleted']],
  // Not a right that is granted, a lock, an event.
  [/(?<!\b(?:on|for|key|before|after|or|of)\s+)\bupdate\s+(?!on\b)["%\w]/gi, 'UPDATE', ['updated']],
  [/\bmerge\s+into\b/gi, 'MERGE', ['updated', 'deleted']],
  [/\btruncate\b/gi, 'TRUNCATE', ['emptied']],
  [/\bdrop\s+table\b/gi, 'DROP TABLE', ['dropped']],
  [/\bdrop\s+column\b/gi, 'DROP COLUMN', ['column-dropped', 'dropped']],
  [/\bdrop\s+(?:schema|sequence|extension|owned|materialized)\b/gi, 'DROP', ['dropped']],
]

/** What a text demands of which only parts are known: of which tables is unknown. */
export function demandsOfText(text: string): Demand[] {
  return VERBS.flatMap(([pattern, verb, shown]) => {
    const times = [...text.matchAll(pattern)].length
    return times === 0 ? [] : [{ verb, shown, ...(times > 1 ? { several: true } : {}) }]
  })
}

/** Statements that begin so can be read, whatever names are put into them. */
const READABLE =
  /^\s*(?:alter|analyze|comment|copy|create|delete|drop|grant|insert|lock|merge|notify|refresh|reindex|reset|revoke|security|select|set|truncate|update|vacuum|with)\s/i

/** Whether it is known of a text what kind of statement it builds. */
export function isReadable(text: string): boolean {
  return READABLE.test(text)
}
