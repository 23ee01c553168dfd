import type { Node, RangeVar } from 'libpg-query'

const HOLDING_ROWS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_SCHEMA: 'schema',
  OBJECT_FOREIGN_TABLE: 'foreign table',
}

/**
 * What a statement destroys of the data that a database holds: tables, schemas and columns that it drops,
 * rows that it deletes. Objects that hold no data of their own (indexes, views, constraints) do not count.
 */
export function destroyedBy(node: Node): string[] {
  if ('DropStmt' in node) return droppedObjects(node.DropStmt)
  if ('AlterTableStmt' in node) return droppedColumns(node.AlterTableStmt)
  if ('TruncateStmt' in node) {
    return (node.TruncateStmt.relations ?? []).flatMap((relation) =>
      'RangeVar' in relation ? [`rows of ${relationName(relation.RangeVar)}`] : [],
    )
  }
  if ('DeleteStmt' in node) return [`rows of ${relationName(node.DeleteStmt.relation)}`]
  if ('DropOwnedStmt' in node) return ['all that a role owns']
  if ('DropdbStmt' in node) return [`database ${node.DropdbStmt.dbname ?? ''}`]
  return []
}

function droppedObjects(drop: { removeType?: string; objects?: Node[] }): string[] {
  const kind = HOLDING_ROWS[drop.removeType ?? '']
  if (kind === undefined) return []
  return (drop.objects ?? []).map((object) => `${kind} ${nameParts(object).join('.')}`)
}

function droppedColumns(alter: { relation?: RangeVar; cmds?: Node[] }): string[] {
  return (alter.cmds ?? []).flatMap((cmd) => {
    if (!('AlterTableCmd' in cmd) || cmd.AlterTableCmd.subtype !== 'AT_DropColumn') return []
    return [`column ${relationName(alter.relation)}.${cmd.AlterTableCmd.name ?? ''}`]
  })
}

function nameParts(object: Node): string[] {
  if ('String' in object) return [object.String.sval ?? '']
  return 'List' in object ? (object.List.items ?? []).flatMap(nameParts) : []
}

function relationName(relation: RangeVar | undefined): string {
  const name = relation?.relname ?? ''
  return relation?.schemaname ? `${relation.schemaname}.${name}` : name
}
