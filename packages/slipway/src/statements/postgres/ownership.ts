import type { Node, RangeVar } from 'libpg-query'
import { names } from './definition.ts'
import { treeOf } from './parser.ts'

/** A part that a project adds to a table. */
export interface TablePart {
  readonly kind: 'column' | 'constraint' | 'index' | 'trigger' | 'policy' | 'rule'
  readonly schema: string
  readonly table: string
  readonly name: string
}

/** An object that a migration creates in a schema that it names. */
export interface PlacedObject {
  readonly kind: 'table' | 'view' | 'materialized view' | 'sequence' | 'type' | 'other'
  readonly schema: string
  readonly name: string
}

/**
 * The schemas, objects and parts of tables that a file adds to its project. Only names with a schema count:
 * all others are in the default schema.
 */
export interface Ownership {
  /** Schemas that it creates, or renames to this name. */
  readonly created: readonly string[]
  /** Objects that it creates in a named schema or moves to one. */
  readonly placed: readonly PlacedObject[]
  /** Parts that it adds to tables that it names with their schema. */
  readonly parts: readonly TablePart[]
}

/** Reads what a file adds to its project. SQL that does not parse adds nothing. Needs `loadParser`. */
export function ownershipOf(sql: string): Ownership {
  const trees = statementsIn(sql)
  const created: string[] = []
  const placed: PlacedObject[] = []
  const parts: TablePart[] = []
  let searchPath: string | undefined
  for (const tree of trees) {
    searchPath = searchPathAfter(tree, searchPath)
    created.push(...schemasCreatedBy(tree))
    const inPath = <T extends { readonly schema: string | undefined }>(thing: T) => {
      const schema = thing.schema ?? searchPath
      return schema === undefined ? [] : [{ ...thing, schema }]
    }
    placed.push(...placedBy(tree).flatMap(inPath))
    parts.push(...partsOf(tree).flatMap(inPath))
  }
  return { created, placed, parts }
}

const LEADING_COMMENTS = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

function statementsIn(sql: string): Node[] {
  // Without a dot or one of these words, no name has a schema. Leading comments do not count: Prisma's
  // warnings contain full stops.
  if (!/\.|schema|search_path/i.test(sql.replace(LEADING_COMMENTS, ''))) return []
  const { stmts = [] } = treeOf(sql.replace(/^\uFEFF/, ' ')) ?? {}
  return stmts.flatMap(({ stmt }) => (stmt ? [stmt] : []))
}

/**
 * The schema in which unqualified names are created after a `SET search_path`, or an equivalent `set_config`.
 */
export function searchPathAfter(node: Node, before: string | undefined): string | undefined {
  const schemas = searchPathSetBy(node)
  if (schemas === undefined) return before
  return schemas.find((name) => !['', '$user', 'pg_catalog', 'pg_temp'].includes(name))
}

function searchPathSetBy(node: Node): string[] | undefined {
  if ('VariableSetStmt' in node && node.VariableSetStmt.name === 'search_path')
    return constants(node.VariableSetStmt.args)
  const [target] = 'SelectStmt' in node ? (node.SelectStmt.targetList ?? []) : []
  const call = target && 'ResTarget' in target ? target.ResTarget.val : undefined
  if (!call || !('FuncCall' in call) || names(call.FuncCall.funcname).at(-1) !== 'set_config')
    return undefined
  const [setting, value = ''] = constants(call.FuncCall.args)
  return setting === 'search_path'
    ? value.split(',').map((name) => name.trim().replaceAll('"', ''))
    : undefined
}

function constants(nodes: readonly Node[] = []): string[] {
  return nodes.flatMap((node) => ('A_Const' in node ? [node.A_Const.sval?.sval ?? ''] : []))
}

function schemasCreatedBy(node: Node): string[] {
  if ('CreateSchemaStmt' in node) {
    const { schemaname, authrole } = node.CreateSchemaStmt
    return [schemaname ?? authrole?.rolename ?? ''].filter((name) => name !== '')
  }
  if ('RenameStmt' in node && node.RenameStmt.renameType === 'OBJECT_SCHEMA')
    return [node.RenameStmt.newname ?? '']
  return []
}

/** An object that a statement creates, in a named schema or on the search path. */
type Placing = Omit<PlacedObject, 'schema'> & { readonly schema: string | undefined }

function placedBy(node: Node): Placing[] {
  const relation = (kind: PlacedObject['kind'], at: RangeVar | undefined): Placing[] =>
    at?.relname ? [{ kind, schema: at.schemaname, name: at.relname }] : []
  const named = (kind: PlacedObject['kind'], parts: readonly Node[] | undefined): Placing[] => {
    const [name = '', schema] = names(parts).toReversed()
    return [{ kind, schema, name }]
  }
  if ('CreateStmt' in node) return relation('table', node.CreateStmt.relation)
  if ('CreateForeignTableStmt' in node)
    return relation('table', node.CreateForeignTableStmt.base?.relation)
  if ('CreateTableAsStmt' in node) {
    const { objtype, into } = node.CreateTableAsStmt
    return relation(objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table', into?.rel)
  }
  if ('SelectStmt' in node) return relation('table', node.SelectStmt.intoClause?.rel)
  if ('ViewStmt' in node) return relation('view', node.ViewStmt.view)
  if ('CreateSeqStmt' in node) return relation('sequence', node.CreateSeqStmt.sequence)
  if ('CompositeTypeStmt' in node) return relation('type', node.CompositeTypeStmt.typevar)
  if ('CreateEnumStmt' in node) return named('type', node.CreateEnumStmt.typeName)
  if ('CreateRangeStmt' in node) return named('type', node.CreateRangeStmt.typeName)
  if ('CreateDomainStmt' in node) return named('type', node.CreateDomainStmt.domainname)
  if ('CreateFunctionStmt' in node) return named('other', node.CreateFunctionStmt.funcname)
  if ('DefineStmt' in node) return named('other', node.DefineStmt.defnames)
  if ('CreateStatsStmt' in node) return named('other', node.CreateStatsStmt.defnames)
  if ('AlterObjectSchemaStmt' in node) {
    const { objectType, newschema, relation: moved, object } = node.AlterObjectSchemaStmt
    const [name = ''] = moved ? [moved.relname ?? ''] : names(object ? [object] : []).toReversed()
    // An extension also moves its members, which belong to no migration.
    if (objectType === 'OBJECT_EXTENSION') return []
    return [{ kind: MOVED[objectType ?? ''] ?? 'other', schema: newschema, name }]
  }
  return []
}

const MOVED: Readonly<Record<string, PlacedObject['kind']>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FOREIGN_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
}

type PartOf = Omit<TablePart, 'schema'> & { readonly schema: string | undefined }

function partsOf(node: Node): PartOf[] {
  const on = (kind: TablePart['kind'], table: RangeVar | undefined, name: string | undefined) =>
    table?.relname && name ? [{ kind, schema: table.schemaname, table: table.relname, name }] : []
  if ('CreateTrigStmt' in node)
    return on('trigger', node.CreateTrigStmt.relation, node.CreateTrigStmt.trigname)
  if ('CreatePolicyStmt' in node)
    return on('policy', node.CreatePolicyStmt.table, node.CreatePolicyStmt.policy_name)
  if ('RuleStmt' in node) return on('rule', node.RuleStmt.relation, node.RuleStmt.rulename)
  if ('IndexStmt' in node) return on('index', node.IndexStmt.relation, node.IndexStmt.idxname)
  if ('RenameStmt' in node) {
    const { renameType, relation, newname } = node.RenameStmt
    const kind = RENAMED_PARTS[renameType ?? '']
    return kind === undefined ? [] : on(kind, relation, newname)
  }
  if (!('AlterTableStmt' in node)) return []
  const { relation, cmds = [] } = node.AlterTableStmt
  return cmds.flatMap((command) => {
    if (!('AlterTableCmd' in command)) return []
    const { subtype, def } = command.AlterTableCmd
    if (subtype === 'AT_AddColumn' && def && 'ColumnDef' in def)
      return on('column', relation, def.ColumnDef.colname)
    if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def)
      return on('constraint', relation, def.Constraint.conname)
    return []
  })
}

const RENAMED_PARTS: Readonly<Record<string, TablePart['kind']>> = {
  OBJECT_COLUMN: 'column',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
  OBJECT_RULE: 'rule',
}

/** Joins what several files add to their project. */
export function joinOwnership(all: readonly Ownership[]): Ownership {
  return {
    created: all.flatMap(({ created }) => created),
    placed: all.flatMap(({ placed }) => placed),
    parts: all.flatMap(({ parts }) => parts),
  }
}
