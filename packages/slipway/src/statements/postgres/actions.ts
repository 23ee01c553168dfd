import type {
  AlterDomainStmt,
  AlterObjectSchemaStmt,
  CreateExtensionStmt,
  DropStmt,
  Node,
  RenameStmt,
  VariableSetStmt,
} from 'libpg-query'
import { type Action, LOCK_MODES, type MoveAction, type ObjectName } from '../action.ts'
import { alterTable } from './alterations.ts'
import { textAfterKeyword, listAfterKeyword, type Source } from './clause-text.ts'
import {
  codeOf,
  columnOf,
  constraintOf,
  functionsIn,
  hasOption,
  nameFromParts,
  names,
  relationName,
} from './definition.ts'
import { insertedRows } from './inserted-rows.ts'
import { changedByQueries, columnsOf, mergedRows } from './queries.ts'
import { wordsOf } from './tokens.ts'
import { touchedByDelete, touchedByUpdate } from './touched-rows.ts'

/** What a statement does. Never empty: statements that Slipway does not judge are `other`. */
export function actionsOf(node: Node, source: Source): readonly Action[] {
  return [...ownActions(node, source), ...changedByQueries(node), ...doneOutside(node)]
}

/** Effects outside the transaction: those of a program, or of another session through dblink. */
function doneOutside(node: Node): Action[] {
  const runsProgram = 'CopyStmt' in node && node.CopyStmt.is_program === true
  const calls = 'DoStmt' in node ? wordsOf(codeOf(node.DoStmt.args)) : functionsIn(node)
  const isOutside = runsProgram || calls.some((name) => /^dblink/i.test(name))
  return isOutside ? [{ kind: 'opaque', outside: true }] : []
}

function ownActions(node: Node, source: Source): readonly Action[] {
  if ('AlterTableStmt' in node) return alterTable(node.AlterTableStmt, source)
  if ('DropStmt' in node) return dropped(node.DropStmt)
  if ('RenameStmt' in node) return [renamed(node.RenameStmt)]
  if ('AlterObjectSchemaStmt' in node) return [moved(node.AlterObjectSchemaStmt)]
  return (
    tableMade(node, source) ??
    viewMade(node) ??
    rowsChanged(node, source) ??
    objectChanged(node, source)
  )
}

function tableMade(node: Node, source: Source): readonly Action[] | undefined {
  if ('CreateStmt' in node) {
    const {
      relation,
      tableElts = [],
      constraints: extra = [],
      if_not_exists,
      partbound,
      inhRelations,
    } = node.CreateStmt
    const columns = tableElts.flatMap((item) =>
      'ColumnDef' in item ? [columnOf(item.ColumnDef, source)] : [],
    )
    const constraints = [...tableElts, ...extra].flatMap((item) =>
      'Constraint' in item ? (constraintOf(item.Constraint, source) ?? []) : [],
    )
    const [parent] = (inhRelations ?? []).flatMap((item) =>
      'RangeVar' in item ? [relationName(item.RangeVar)] : [],
    )
    return [
      {
        kind: 'create-table',
        table: relationName(relation),
        columns,
        constraints,
        ifNotExists: if_not_exists === true,
        filled: false,
        ...(partbound && parent ? { partitionOf: parent } : {}),
      },
    ]
  }
  if ('CreateTableAsStmt' in node && node.CreateTableAsStmt.objtype === 'OBJECT_TABLE') {
    const { into, if_not_exists } = node.CreateTableAsStmt
    const made = { table: relationName(into?.rel), columns: [], constraints: [] }
    return [{ kind: 'create-table', ...made, ifNotExists: if_not_exists === true, filled: true }]
  }
  return undefined
}

function viewMade(node: Node): readonly Action[] | undefined {
  if ('ViewStmt' in node)
    return [{ kind: 'create-view', view: relationName(node.ViewStmt.view), materialized: false }]
  if ('CreateTableAsStmt' in node && node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW') {
    const { into, if_not_exists } = node.CreateTableAsStmt
    const view = relationName(into?.rel)
    const ifNotExists = if_not_exists ? ({ ifNotExists: true } as const) : {}
    return [{ kind: 'create-view', view, materialized: true, ...ifNotExists }]
  }
  return undefined
}

function rowsChanged(node: Node, source: Source): readonly Action[] | undefined {
  if ('InsertStmt' in node) {
    const inserted = insertedRows(node.InsertStmt)
    const table = relationName(node.InsertStmt.relation)
    const updates = node.InsertStmt.onConflictClause?.action === 'ONCONFLICT_UPDATE'
    return [
      {
        kind: 'insert',
        table,
        ...(inserted ? { inserted } : {}),
        ...(updates ? { updates } : {}),
        ...withQueries(node.InsertStmt),
      },
    ]
  }
  if ('CopyStmt' in node && node.CopyStmt.is_from)
    return [{ kind: 'insert', table: relationName(node.CopyStmt.relation) }]
  if ('UpdateStmt' in node) {
    const { relation, targetList, whereClause } = node.UpdateStmt
    return [
      {
        kind: 'update',
        table: relationName(relation),
        columns: columnsOf(targetList),
        ...where(whereClause, source),
        ...touchedByUpdate(node.UpdateStmt, source),
        ...withQueries(node.UpdateStmt),
      },
    ]
  }
  if ('DeleteStmt' in node) {
    const { relation, whereClause } = node.DeleteStmt
    return [
      {
        kind: 'delete',
        table: relationName(relation),
        ...where(whereClause, source),
        ...touchedByDelete(node.DeleteStmt, source),
        ...withQueries(node.DeleteStmt),
      },
    ]
  }
  if ('MergeStmt' in node) {
    const actions = mergedRows(node.MergeStmt)
    return actions.map((action) => ({ ...action, ...withQueries(node.MergeStmt) }))
  }
  if ('TruncateStmt' in node) {
    const { relations, behavior } = node.TruncateStmt
    return [
      { kind: 'truncate', tables: relationsOf(relations), cascade: behavior === 'DROP_CASCADE' },
    ]
  }
  return undefined
}

function withQueries({ withClause }: { readonly withClause?: unknown }): {
  readonly hasWith?: true
} {
  return withClause === undefined ? {} : { hasWith: true }
}

function where(clause: Node | undefined, source: Source): { readonly where?: string } {
  const text = clause && textAfterKeyword(source, 'WHERE', { ends: ['RETURNING'] })
  return text === undefined ? {} : { where: text }
}

function relationsOf(nodes: readonly Node[] | undefined): ObjectName[] {
  return (nodes ?? []).flatMap((node) => ('RangeVar' in node ? [relationName(node.RangeVar)] : []))
}

function objectChanged(node: Node, source: Source): readonly Action[] {
  if ('IndexStmt' in node) return [indexMade(node.IndexStmt, source)]
  if ('CreateEnumStmt' in node) {
    const { typeName, vals } = node.CreateEnumStmt
    return [{ kind: 'create-enum', type: nameFromParts(names(typeName)), values: names(vals) }]
  }
  if ('AlterEnumStmt' in node) {
    const { typeName, oldVal, newVal = '', skipIfNewValExists } = node.AlterEnumStmt
    const type = nameFromParts(names(typeName))
    return oldVal
      ? [{ kind: 'rename', of: 'enum-value', type, from: oldVal, to: newVal }]
      : [{ kind: 'add-enum-value', type, value: newVal, ifNotExists: skipIfNewValExists === true }]
  }
  if ('AlterDomainStmt' in node) return [domainChanged(node.AlterDomainStmt)]
  if ('CreateTrigStmt' in node) {
    const { relation, trigname = '' } = node.CreateTrigStmt
    return [{ kind: 'create-trigger', table: relationName(relation), name: trigname }]
  }
  if ('CreatePolicyStmt' in node) {
    const { table, policy_name = '' } = node.CreatePolicyStmt
    return [{ kind: 'create-policy', table: relationName(table), name: policy_name }]
  }
  if ('GrantStmt' in node && node.GrantStmt.is_grant) {
    const toPublic = (node.GrantStmt.grantees ?? []).some(
      (role) => 'RoleSpec' in role && role.RoleSpec.roletype === 'ROLESPEC_PUBLIC',
    )
    const of = (node.GrantStmt.objtype ?? '').replace('OBJECT_', '').toLowerCase()
    return [{ kind: 'grant', toPublic, of }]
  }
  return [maintenance(node)]
}

function domainChanged({ subtype, typeName, def }: AlterDomainStmt): Action {
  const domain = nameFromParts(names(typeName))
  switch (subtype) {
    case 'C': {
      const notValid =
        def !== undefined && 'Constraint' in def && def.Constraint.skip_validation === true
      return { kind: 'add-domain-constraint', domain, notValid }
    }
    case 'O':
      return { kind: 'set-domain-not-null', domain }
    case 'V':
      return { kind: 'validate-domain-constraint', domain }
    default:
      return { kind: 'other', statement: 'AlterDomainStmt' }
  }
}

function maintenance(node: Node): Action {
  if ('ReindexStmt' in node) {
    const { relation, params } = node.ReindexStmt
    const concurrently = hasOption(params, 'concurrently')
    return {
      kind: 'reindex',
      concurrently,
      ...(relation ? { object: relationName(relation) } : {}),
    }
  }
  if ('VacuumStmt' in node) {
    const { options, rels } = node.VacuumStmt
    const [table] = (rels ?? []).flatMap((item) =>
      'VacuumRelation' in item && item.VacuumRelation.relation
        ? [relationName(item.VacuumRelation.relation)]
        : [],
    )
    return { kind: 'vacuum', full: hasOption(options, 'full'), ...(table ? { table } : {}) }
  }
  if ('ClusterStmt' in node) {
    const { relation } = node.ClusterStmt
    return { kind: 'cluster', ...(relation ? { table: relationName(relation) } : {}) }
  }
  if ('LockStmt' in node) {
    const { relations, mode = 0 } = node.LockStmt
    return { kind: 'lock-table', tables: relationsOf(relations), mode: LOCK_MODES[mode - 1] ?? '' }
  }
  if ('VariableSetStmt' in node) return settingChanged(node.VariableSetStmt)
  if ('RefreshMatViewStmt' in node) {
    const { relation, concurrent } = node.RefreshMatViewStmt
    return { kind: 'refresh-view', view: relationName(relation), concurrently: concurrent === true }
  }
  if ('AlterSeqStmt' in node && hasOption(node.AlterSeqStmt.options, 'restart'))
    return { kind: 'restart-sequence', sequence: relationName(node.AlterSeqStmt.sequence) }
  if ('CreateExtensionStmt' in node) return extensionCreated(node.CreateExtensionStmt)
  if ('DropOwnedStmt' in node) return { kind: 'drop-owned' }
  if ('DropdbStmt' in node) return { kind: 'drop-database', name: node.DropdbStmt.dbname ?? '' }
  if ('SelectStmt' in node) return { kind: 'opaque', calls: functionsIn(node) }
  if ('DoStmt' in node) return { kind: 'opaque', words: upperWords(codeOf(node.DoStmt.args)) }
  if ('CallStmt' in node) return { kind: 'opaque' }
  if ('CommentStmt' in node)
    return { kind: 'other', statement: 'CommentStmt', of: node.CommentStmt.objtype ?? '' }
  return { kind: 'other', statement: Object.keys(node)[0] ?? '' }
}

function settingChanged({ kind, name = '*', args = [] }: VariableSetStmt): Action {
  if (kind !== 'VAR_SET_VALUE') return { kind: 'set', setting: name.toLowerCase() }
  return { kind: 'set', setting: name.toLowerCase(), value: args.map(constantText).join(', ') }
}

function constantText(node: Node): string {
  if (!('A_Const' in node)) return ''
  const { ival, fval, sval, boolval } = node.A_Const
  if (sval) return sval.sval ?? ''
  if (fval) return fval.fval ?? ''
  return boolval ? String(boolval.boolval ?? false) : String(ival?.ival ?? 0)
}

function extensionCreated({ extname = '', options = [] }: CreateExtensionStmt): Action {
  const given = (name: string) =>
    options.flatMap((option) =>
      'DefElem' in option && option.DefElem.defname === name && option.DefElem.arg
        ? names([option.DefElem.arg])
        : [],
    )[0]
  const [schema, version] = [given('schema'), given('new_version')]
  return {
    kind: 'create-extension',
    name: extname,
    ...(schema === undefined ? {} : { schema }),
    ...(version === undefined ? {} : { version }),
    cascade: hasOption(options, 'cascade'),
  }
}

function upperWords(code: string): string[] {
  return [...new Set(wordsOf(code).map((word) => word.toUpperCase()))]
}

type IndexStmt = Extract<Node, { IndexStmt: unknown }>['IndexStmt']

function indexMade(index: IndexStmt, source: Source): Action {
  const columns = (index.indexParams ?? []).flatMap((item) =>
    'IndexElem' in item ? [item.IndexElem.name ?? ''] : [],
  )
  const collations = (index.indexParams ?? []).flatMap((item) =>
    'IndexElem' in item ? [names(item.IndexElem.collation)] : [],
  )
  const calls = functionsIn([index.indexParams, index.whereClause])
  return {
    kind: 'create-index',
    table: relationName(index.relation),
    ...(index.idxname ? { name: index.idxname } : {}),
    unique: index.unique === true,
    concurrently: index.concurrent === true,
    ifNotExists: index.if_not_exists === true,
    method: index.accessMethod ?? 'btree',
    columns,
    ...(columns.includes('') ? { keys: listAfterKeyword(source, 'ON').map(withoutOrder) } : {}),
    ...(collations.some((parts) => parts.length > 0)
      ? { collations: collations.map(nameFromParts) }
      : {}),
    ...(calls.length > 0 ? { calls } : {}),
    ...where(index.whereClause, source),
    nullsEqual: index.nulls_not_distinct === true,
  }
}

function withoutOrder(key: string): string {
  return key.replace(/\s+NULLS\s+(?:FIRST|LAST)$/i, '').replace(/\s+(?:ASC|DESC)$/i, '')
}

type DropKind = Extract<Action, { kind: 'drop' }>['of']

const DROPPED: Readonly<Record<string, DropKind>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FOREIGN_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized-view',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_SCHEMA: 'schema',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'function',
  OBJECT_ROUTINE: 'function',
  OBJECT_AGGREGATE: 'function',
  OBJECT_EXTENSION: 'extension',
}

const DROPPED_ON_TABLE: Readonly<Record<string, 'trigger' | 'policy' | 'rule'>> = {
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
  OBJECT_RULE: 'rule',
}

function dropped(drop: DropStmt): Action[] {
  const { removeType = '', objects = [], missing_ok, behavior, concurrent } = drop
  const ifExists = missing_ok === true
  return objects.map((node): Action => {
    const parts = names([node])
    if (removeType === 'OBJECT_INDEX') {
      const concurrently = concurrent === true
      return { kind: 'drop-index', index: nameFromParts(parts), concurrently, ifExists }
    }
    const onTable = DROPPED_ON_TABLE[removeType]
    if (onTable !== undefined) {
      const table = nameFromParts(parts.slice(0, -1))
      return { kind: 'drop-on-table', of: onTable, table, name: parts.at(-1) ?? '' }
    }
    const cascade = behavior === 'DROP_CASCADE'
    return {
      kind: 'drop',
      of: DROPPED[removeType] ?? 'other',
      object: nameFromParts(parts),
      cascade,
      ifExists,
    }
  })
}

const RENAMED: Readonly<
  Record<string, 'table' | 'view' | 'type' | 'index' | 'sequence' | 'schema'>
> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'view',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_SCHEMA: 'schema',
}

const RENAMED_ON_TABLE: Readonly<Record<string, 'column' | 'constraint' | 'trigger' | 'policy'>> = {
  OBJECT_COLUMN: 'column',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
}

function renamed(rename: RenameStmt): Action {
  const { renameType = '', relation, object, subname = '', newname: to = '' } = rename
  const onTable = RENAMED_ON_TABLE[renameType]
  if (onTable !== undefined) {
    return { kind: 'rename', of: onTable, table: relationName(relation), from: subname, to }
  }
  if (renameType === 'OBJECT_ATTRIBUTE') {
    return { kind: 'rename', of: 'attribute', type: relationName(relation), from: subname, to }
  }
  const named = relation
    ? relationName(relation)
    : nameFromParts(object ? names([object]) : [subname])
  const of = RENAMED[renameType] ?? 'other'
  return {
    kind: 'rename',
    of,
    ...(named.schema ? { schema: named.schema } : {}),
    from: named.name || subname,
    to,
  }
}

const MOVED: Readonly<Record<string, MoveAction['of']>> = {
  OBJECT_TABLE: 'table',
  OBJECT_FOREIGN_TABLE: 'foreign-table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized-view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'domain',
}

function moved({ objectType, relation, object, newschema = '' }: AlterObjectSchemaStmt): Action {
  const named = relation ? relationName(relation) : nameFromParts(object ? names([object]) : [])
  return {
    kind: 'set-schema',
    of: MOVED[objectType ?? ''] ?? 'other',
    object: named,
    to: newschema,
  }
}
