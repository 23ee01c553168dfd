import type { Action, ObjectName } from '../statements/index.ts'
import type { SeenEffect } from './seen-effect.ts'

/** What an action must have destroyed in a run, and the effects by which PostgreSQL shows it. */
export interface ExpectedEffect {
  /** The SQL command. */
  readonly verb: string
  /** Absent if it may be any table. */
  readonly table?: ObjectName
  /** The effects, at least one of which must have occurred; empty if no run can show it. */
  readonly shown: readonly SeenEffect['what'][]
  /** The effects that it may have on data of other tables. */
  readonly reaches?: readonly SeenEffect['what'][]
  readonly column?: string
  /** Columns that it sets; absent if it may set any. */
  readonly sets?: readonly string[]
  /** The type that it gives the column. */
  readonly type?: string
  /** The schema object that is removed or changed. */
  readonly object?: string
  /** It occurs several times in the same text. */
  readonly several?: boolean
}

export const CHANGE_OF_TYPE = 'change of type'

/** What a run must show of an action. */
export function expectedEffects(action: Action): ExpectedEffect[] {
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

function droppedBy({ of, object, cascade }: Extract<Action, { kind: 'drop' }>): ExpectedEffect[] {
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

/**
 * The commands that destroy data in a text from which code builds statements, and the effects that show them.
 */
const VERBS: readonly (readonly [RegExp, string, readonly SeenEffect['what'][]])[] = [
  [/\bdelete\s+from\b/gi, 'DELETE', ['deleted']],
  // Not the UPDATE of a GRANT, a row lock, a trigger event or ON UPDATE.
  [/(?<!\b(?:on|for|key|before|after|or|of)\s+)\bupdate\s+(?!on\b)["%\w]/gi, 'UPDATE', ['updated']],
  [/\bmerge\s+into\b/gi, 'MERGE', ['updated', 'deleted']],
  [/\btruncate\b/gi, 'TRUNCATE', ['emptied']],
  [/\bdrop\s+table\b/gi, 'DROP TABLE', ['dropped']],
  [/\bdrop\s+column\b/gi, 'DROP COLUMN', ['column-dropped', 'dropped']],
  [/\bdrop\s+(?:schema|sequence|extension|owned|materialized)\b/gi, 'DROP', ['dropped']],
]

/** What a run must show of a text that is known only in parts. The tables are unknown. */
export function expectedEffectsOfText(text: string): ExpectedEffect[] {
  return VERBS.flatMap(([pattern, verb, shown]) => {
    const times = [...text.matchAll(pattern)].length
    return times === 0 ? [] : [{ verb, shown, ...(times > 1 ? { several: true } : {}) }]
  })
}

/** Statements that begin like this can be classified, whatever names are inserted into them. */
const READABLE =
  /^\s*(?:alter|analyze|comment|copy|create|delete|drop|grant|insert|lock|merge|notify|refresh|reindex|reset|revoke|security|select|set|truncate|update|vacuum|with)\s/i

/** Whether the kind of statement that a text builds is known. */
export function isReadable(text: string): boolean {
  return READABLE.test(text)
}
