import { sqliteParser } from './parser.ts'

/** A trigger, and what its body does to existing rows. */
export interface TriggerChanges {
  readonly name: string
  /** The table or the view on which it fires. */
  readonly table: string
  readonly event: 'insert' | 'update' | 'delete'
  /** The tables that its body changes by DELETE, UPDATE, REPLACE or an upsert, once for each statement. */
  readonly changes: readonly string[]
}

/**
 * The trigger that a CREATE TRIGGER creates; undefined for any other statement. Needs `loadSqliteParser`
 * first.
 */
export function sqliteTriggerIn(sql: string): TriggerChanges | undefined {
  const parsed = sqliteParser().parse(sql)
  const [found] = parsed.status === 'ok' ? parsed.root.cmds : []
  if (found?.type !== 'CreateTriggerStmt') return undefined
  const changes = found.commands.flatMap((command) => {
    switch (command.type) {
      case 'DeleteTriggerCmd':
      case 'UpdateTriggerCmd':
        return [command.tblName.objName.text]
      case 'InsertTriggerCmd':
        return command.orConflict === 'Replace' || command.upsert
          ? [command.tblName.objName.text]
          : []
      default:
        return []
    }
  })
  return {
    name: found.triggerName.objName.text,
    table: found.tblName.objName.text,
    event: EVENTS[found.event.type],
    changes,
  }
}

const EVENTS = {
  DeleteTriggerEvent: 'delete',
  InsertTriggerEvent: 'insert',
  UpdateTriggerEvent: 'update',
  UpdateOfTriggerEvent: 'update',
} as const
