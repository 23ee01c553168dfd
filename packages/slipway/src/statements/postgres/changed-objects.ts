import type { AlterTableStmt, DropStmt, Node, RangeVar, RenameStmt } from 'libpg-query'
import { constantText, queryOf } from './code.ts'
import { codeOf, names } from './definition.ts'
import { searchPathAfter } from './ownership.ts'
import { parser, treeOf } from './parser.ts'

/** An object that a statement changes, in a schema that it or an earlier `SET search_path` names. */
export interface ChangedObject {
  readonly schema: string
  /** The name of a relation, type or function; empty for the schema itself. */
  readonly name: string
  /** A column, constraint, trigger, policy or rule of a table. */
  readonly part?: string
  /** `whole`: it is created, dropped, renamed or moved. */
  readonly what: 'whole' | 'part' | 'rows' | 'settings'
  /** PostgreSQL chooses the name; this is only its beginning. */
  readonly generated?: true
}

type Change = Omit<ChangedObject, 'schema'> & { readonly schema?: string | undefined }

/**
 * The objects that each statement of a file changes in schemas that the file names. SQL that does not parse
 * changes nothing.
 */
export function changedObjects(sql: string): ChangedObject[][] {
  const { stmts = [] } = (sql.trim() !== '' && treeOf(sql.replace(/^\uFEFF/, ' '))) || {}
  let searchPath: string | undefined
  return stmts.map(({ stmt }) => {
    if (!stmt) return []
    searchPath = searchPathAfter(stmt, searchPath)
    return changesOf(stmt).flatMap((change) => {
      const schema = change.schema ?? searchPath
      return schema === undefined || schema === 'pg_temp' ? [] : [{ ...change, schema }]
    })
  })
}

/** Whether a claim covers the changed object: the project that made the claims may then change it again. */
export function isClaimedBy(change: ChangedObject, claims: readonly ChangedObject[]): boolean {
  return claims.some((claim) => {
    if (claim.schema !== change.schema) return false
    if (claim.what === 'whole')
      return claim.name === '' || isNamed(change.name, claim.name, claim.generated)
    if (claim.what !== change.what || claim.name !== change.name) return false
    return claim.part === change.part || isNamed(change.part, claim.part, claim.generated)
  })
}

function isNamed(name = '', claimed = '', generated = false): boolean {
  return generated ? name.startsWith(claimed) : name === claimed
}

function changesOf(node: Node): Change[] {
  if ('DoStmt' in node) return changesOfCode(codeOf(node.DoStmt.args))
  if ('DropStmt' in node) return dropped(node.DropStmt)
  if ('AlterTableStmt' in node) return altered(node.AlterTableStmt)
  if ('RenameStmt' in node) return renamed(node.RenameStmt)
  return [...rowsOf(node), ...madeOrMoved(node), ...partsOf(node), ...settingsOf(node)]
}

const onRelation = (what: ChangedObject['what'], at: RangeVar | undefined): Change[] =>
  at?.relname ? [{ what, schema: at.schemaname, name: at.relname }] : []

const onPart = (table: RangeVar | undefined, part: string | undefined): Change[] =>
  table?.relname && part
    ? [{ what: 'part', schema: table.schemaname, name: table.relname, part }]
    : []

const onName = (what: ChangedObject['what'], parts: readonly string[]): Change[] => {
  const [name, schema] = parts.toReversed()
  return name === undefined ? [] : [{ what, schema, name }]
}

const onPartName = (parts: readonly string[]): Change[] => {
  const [part, name, schema] = parts.toReversed()
  return part === undefined || name === undefined ? [] : [{ what: 'part', schema, name, part }]
}

const PARTS = ['OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE']

function dropped({ removeType, objects = [] }: DropStmt): Change[] {
  return objects.flatMap((object) => {
    const parts = names([object])
    if (removeType === 'OBJECT_SCHEMA') return onSchema(parts)
    return PARTS.includes(removeType ?? '') ? onPartName(parts) : onName('whole', parts)
  })
}

function onSchema(schemas: readonly string[]): Change[] {
  return schemas.map((schema) => ({ what: 'whole', schema, name: '' }))
}

function altered({ relation, cmds = [] }: AlterTableStmt): Change[] {
  const table = relation?.relname ?? ''
  const generated = (part: string): Change[] =>
    onPart(relation, part).map((one) => ({ ...one, generated: true }))
  return cmds.flatMap((command) => {
    if (!('AlterTableCmd' in command)) return []
    const { subtype, name, def } = command.AlterTableCmd
    if (subtype === 'AT_AddColumn' && def && 'ColumnDef' in def) {
      const { colname = '' } = def.ColumnDef
      const prefix = `${table}_${colname}_`
      const objects = onRelation('whole', relation).map((one) => ({
        ...one,
        name: prefix,
        generated: true as const,
      }))
      return [...onPart(relation, colname), ...generated(prefix), ...objects]
    }
    if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def) {
      const { conname } = def.Constraint
      return conname ? onPart(relation, conname) : generated(`${table}_`)
    }
    return name ? onPart(relation, name) : onRelation('settings', relation)
  })
}

const RENAMED_PARTS = [...PARTS, 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT']

function renamed({ renameType, relation, object, subname, newname }: RenameStmt): Change[] {
  if (renameType === 'OBJECT_SCHEMA') return onSchema([subname ?? '', newname ?? ''])
  if (RENAMED_PARTS.includes(renameType ?? ''))
    return [subname, newname].flatMap((part) => onPart(relation, part))
  const before = relation
    ? onRelation('whole', relation)
    : onName('whole', object ? names([object]) : [])
  return before.flatMap((one) => [one, { ...one, name: newname ?? '' }])
}

function rowsOf(node: Node): Change[] {
  const changed = Object.entries(node).flatMap(([kind, statement]) =>
    ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].includes(kind) ||
    (kind === 'CopyStmt' && (statement as { is_from?: boolean }).is_from)
      ? onRelation('rows', (statement as { relation?: RangeVar }).relation)
      : [],
  )
  const emptied =
    'TruncateStmt' in node
      ? (node.TruncateStmt.relations ?? []).flatMap((one) =>
          'RangeVar' in one ? onRelation('rows', one.RangeVar) : [],
        )
      : []
  return [...changed, ...emptied, ...inQueries(node)]
}

/** What the queries of a WITH change, at any depth. */
function inQueries(value: unknown): Change[] {
  if (typeof value !== 'object' || value === null) return []
  const query = 'ctequery' in value ? (value.ctequery as Node) : undefined
  const below = Object.values(value).flatMap(inQueries)
  return query && !('SelectStmt' in query) ? [...rowsOf(query), ...below] : below
}

function madeOrMoved(node: Node): Change[] {
  if ('CreateSchemaStmt' in node)
    return onSchema([node.CreateSchemaStmt.schemaname ?? ''].filter((name) => name !== ''))
  if ('CreateStmt' in node) return onRelation('whole', node.CreateStmt.relation)
  if ('CreateForeignTableStmt' in node)
    return onRelation('whole', node.CreateForeignTableStmt.base?.relation)
  if ('CreateTableAsStmt' in node) return onRelation('whole', node.CreateTableAsStmt.into?.rel)
  if ('SelectStmt' in node) return onRelation('whole', node.SelectStmt.intoClause?.rel)
  if ('ViewStmt' in node) return onRelation('whole', node.ViewStmt.view)
  if ('CreateSeqStmt' in node) return onRelation('whole', node.CreateSeqStmt.sequence)
  if ('CompositeTypeStmt' in node) return onRelation('whole', node.CompositeTypeStmt.typevar)
  if ('CreateEnumStmt' in node) return onName('whole', names(node.CreateEnumStmt.typeName))
  if ('CreateRangeStmt' in node) return onName('whole', names(node.CreateRangeStmt.typeName))
  if ('CreateDomainStmt' in node) return onName('whole', names(node.CreateDomainStmt.domainname))
  if ('CreateFunctionStmt' in node) return onName('whole', names(node.CreateFunctionStmt.funcname))
  if ('DefineStmt' in node) return onName('whole', names(node.DefineStmt.defnames))
  if ('IndexStmt' in node) {
    const { relation, idxname } = node.IndexStmt
    const name = idxname ?? `${relation?.relname ?? ''}_`
    const generated = idxname === undefined ? { generated: true as const } : {}
    return [{ what: 'whole', schema: relation?.schemaname, name, ...generated }]
  }
  if ('AlterObjectSchemaStmt' in node) {
    const { relation, object, newschema = '' } = node.AlterObjectSchemaStmt
    const before = relation
      ? onRelation('whole', relation)
      : onName('whole', object ? names([object]) : [])
    return before.flatMap((one) => [one, { ...one, schema: newschema }])
  }
  return []
}

function partsOf(node: Node): Change[] {
  if ('CreateTrigStmt' in node)
    return onPart(node.CreateTrigStmt.relation, node.CreateTrigStmt.trigname)
  if ('CreatePolicyStmt' in node)
    return onPart(node.CreatePolicyStmt.table, node.CreatePolicyStmt.policy_name)
  if ('AlterPolicyStmt' in node)
    return onPart(node.AlterPolicyStmt.table, node.AlterPolicyStmt.policy_name)
  return 'RuleStmt' in node ? onPart(node.RuleStmt.relation, node.RuleStmt.rulename) : []
}

function settingsOf(node: Node): Change[] {
  if ('AlterSeqStmt' in node) return onRelation('settings', node.AlterSeqStmt.sequence)
  if ('AlterEnumStmt' in node) return onName('settings', names(node.AlterEnumStmt.typeName))
  if ('AlterDomainStmt' in node) return onName('settings', names(node.AlterDomainStmt.typeName))
  if ('AlterFunctionStmt' in node)
    return onName('settings', names(node.AlterFunctionStmt.func?.objname))
  if ('GrantStmt' in node)
    return (node.GrantStmt.objects ?? []).flatMap((one) =>
      'RangeVar' in one ? onRelation('settings', one.RangeVar) : [],
    )
  return []
}

/** What a block of PL/pgSQL changes through statements whose text is constant. */
function changesOfCode(code: string): Change[] {
  return statementsOfCode(code).flatMap((sql) =>
    (treeOf(sql)?.stmts ?? []).flatMap(({ stmt }) => (stmt ? changesOf(stmt) : [])),
  )
}

function statementsOfCode(code: string): string[] {
  try {
    return statementsBelow(parser().parsePlPgSQLSync(`DO ${dollarQuoted(code)}`))
  } catch {
    // Another language, or code that the server rejects when it runs.
    return []
  }
}

function dollarQuoted(code: string): string {
  let tag = '$code$'
  while (code.includes(tag)) tag = `$_${tag.slice(1)}`
  return tag + code + tag
}

function statementsBelow(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
    if (key === 'PLpgSQL_stmt_execsql') return queryOf((child as { sqlstmt?: unknown }).sqlstmt)
    if (key === 'PLpgSQL_stmt_dynexecute')
      return queryOf((child as { query?: unknown }).query).flatMap(constantText)
    return statementsBelow(child)
  })
}
