import type { ColumnDef, Constraint, Node, RangeVar, TypeName } from 'libpg-query'
import type { ColumnDefinition, ConstraintDefinition, Default, ObjectName } from '../action.ts'
import { textAfterKeyword, inParentheses, type Source } from './clause-text.ts'

/** The texts of `String` nodes, at any depth of lists. */
export function names(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => {
    if ('String' in node) return [node.String.sval ?? '']
    if ('List' in node) return names(node.List.items)
    if ('TypeName' in node) return names(node.TypeName.names)
    return 'ObjectWithArgs' in node ? names(node.ObjectWithArgs.objname) : []
  })
}

/** The code of a DO block, from its arguments, or of a function, from its options. */
export function codeOf(options: readonly Node[] = []): string {
  return options
    .flatMap((item) =>
      'DefElem' in item && item.DefElem.defname === 'as' && item.DefElem.arg
        ? names([item.DefElem.arg])
        : [],
    )
    .join('')
}

/** Whether a statement has an option that is not switched off: `(VERBOSE)`, `(VERBOSE true)`. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => {
    if (!('DefElem' in option) || option.DefElem.defname !== name) return false
    const { arg } = option.DefElem
    return !arg || !('String' in arg) || !/^(?:false|off|no|0)$/i.test(arg.String.sval ?? '')
  })
}

/** A name of one, two or three parts; a leading database name is ignored. */
export function nameFromParts(parts: readonly string[]): ObjectName {
  const [name = '', schema] = parts.toReversed()
  return schema === undefined ? { name } : { schema, name }
}

export function relationName(relation: RangeVar | undefined): ObjectName {
  const name = relation?.relname ?? ''
  return relation?.schemaname ? { schema: relation.schemaname, name } : { name }
}

const SERIAL_TYPES: Readonly<Record<string, string>> = {
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
  smallserial: 'smallint',
  serial2: 'smallint',
}

/** A column of CREATE TABLE or ADD COLUMN. */
export function columnOf(def: ColumnDef, source: Source): ColumnDefinition {
  const parts = (def.constraints ?? []).flatMap((node) =>
    'Constraint' in node ? [node.Constraint] : [],
  )
  const serial = (names(def.typeName?.names).at(-1) ?? '') in SERIAL_TYPES
  const filledBy = serial ? 'serial' : fillingOf(parts)
  const set = parts.find((part) => part.contype === 'CONSTR_DEFAULT' && !isNull(part.raw_expr))
  const constraints = parts.flatMap((part) => constraintOf(part, source, def.colname) ?? [])
  const column = {
    name: def.colname ?? '',
    type: typeText(def.typeName),
    notNull:
      serial ||
      filledBy === 'identity' ||
      parts.some(({ contype }) => contype === 'CONSTR_NOTNULL' || contype === 'CONSTR_PRIMARY'),
    constraints: constraints.filter(({ kind }) => kind !== 'not-null'),
  }
  return {
    ...column,
    ...(set === undefined ? {} : { default: defaultOf(set.raw_expr) }),
    ...(filledBy === undefined ? {} : { filledBy }),
    ...(def.collClause === undefined ? {} : { collated: true as const }),
  }
}

/** DEFAULT NULL is the same as no default. */
function isNull(expression: Node | undefined): boolean {
  return expression !== undefined && 'A_Const' in expression && expression.A_Const.isnull === true
}

function fillingOf(parts: readonly Constraint[]): ColumnDefinition['filledBy'] {
  if (parts.some(({ contype }) => contype === 'CONSTR_IDENTITY')) return 'identity'
  const generated = parts.find(({ contype }) => contype === 'CONSTR_GENERATED')
  if (generated === undefined) return undefined
  return (generated as { generated_kind?: string }).generated_kind === 'v' ? 'virtual' : 'stored'
}

const CONSTRAINT_KINDS: Readonly<Record<string, ConstraintDefinition['kind']>> = {
  CONSTR_PRIMARY: 'primary-key',
  CONSTR_UNIQUE: 'unique',
  CONSTR_FOREIGN: 'foreign-key',
  CONSTR_CHECK: 'check',
  CONSTR_EXCLUSION: 'exclusion',
  CONSTR_NOTNULL: 'not-null',
}

/** A constraint; undefined for what only the grammar calls a constraint (a default, an identity). */
export function constraintOf(
  node: Constraint,
  source: Source,
  column?: string,
): ConstraintDefinition | undefined {
  const kind = CONSTRAINT_KINDS[node.contype ?? '']
  if (kind === undefined) return undefined
  const named = kind === 'foreign-key' ? names(node.fk_attrs) : names(node.keys)
  const location = node.location ?? source.startByte
  const expression = kind === 'check' ? inParentheses(source, location, 'CHECK') : undefined
  const exclusion =
    kind === 'exclusion'
      ? textAfterKeyword(source, 'EXCLUDE', { location, ends: [','] })
      : undefined
  const references = kind === 'foreign-key' && {
    table: relationName(node.pktable),
    columns: names(node.pk_attrs),
  }
  return {
    kind,
    ...(node.conname ? { name: node.conname } : {}),
    columns: named.length === 0 && column !== undefined ? [column] : named,
    notValid: node.skip_validation === true,
    ...(node.indexname ? { usingIndex: node.indexname } : {}),
    ...(references ? { references } : {}),
    ...(expression === undefined ? {} : { expression }),
    ...(kind === 'check' && node.is_no_inherit ? { noInherit: true as const } : {}),
    ...(node.without_overlaps || node.fk_with_period ? { compares: 'periods' as const } : {}),
    ...(node.fk_matchtype === 'f' ? { compares: 'all-or-none' as const } : {}),
    ...(node.nulls_not_distinct ? { nullsEqual: true as const } : {}),
    ...(exclusion === undefined ? {} : { exclusion }),
  }
}

/**
 * Functions whose value is the same throughout a statement: ADD COLUMN computes such a default once. Source:
 * `provolatile` in pg_proc.dat, for functions that are common in defaults.
 */
const STABLE_FUNCTIONS = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'current_setting',
  'current_schema',
  'current_database',
  'to_timestamp',
  'timezone',
  'date_trunc',
  'make_date',
  'make_interval',
  'make_timestamp',
  'concat',
  'lower',
  'upper',
  'md5',
  'array_fill',
  'jsonb_build_object',
  'jsonb_build_array',
  'json_build_object',
  'json_build_array',
  'to_jsonb',
  'to_json',
  'txid_current',
  'pg_current_xact_id',
  'length',
  'date_part',
  'extract',
  'age',
  'sha256',
])

function defaultOf(expression: Node | undefined): Default {
  const called = calledIn(expression).find(
    ({ schema = 'pg_catalog', name }) => schema !== 'pg_catalog' || !STABLE_FUNCTIONS.has(name),
  )
  return called === undefined ? { kind: 'constant' } : { kind: 'volatile', function: called.name }
}

/** Names of the functions that an expression calls, without their schemas. */
export function functionsIn(value: unknown): string[] {
  return calledIn(value).map(({ name }) => name)
}

function calledIn(value: unknown): ObjectName[] {
  if (typeof value !== 'object' || value === null) return []
  const called =
    'FuncCall' in value
      ? [nameFromParts(names((value.FuncCall as { funcname?: Node[] }).funcname))]
      : []
  return [...called, ...Object.values(value).flatMap(calledIn)]
}

/** PostgreSQL's own names of types whose SQL names differ. Source: `format_type` in format_type.c. */
const SQL_TYPES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'character',
  varchar: 'character varying',
  varbit: 'bit varying',
  timestamp: 'timestamp%s without time zone',
  timestamptz: 'timestamp%s with time zone',
  time: 'time%s without time zone',
  timetz: 'time%s with time zone',
  ...SERIAL_TYPES,
}

/** A type as `format_type` prints it, but with unquoted names: `character varying(255)`, `integer[]`, `Mood`. */
export function typeText(type: TypeName | undefined): string {
  const [name = '', schema] = names(type?.names).toReversed()
  const modifiers = (type?.typmods ?? []).flatMap((node): (string | number)[] => {
    // `geometry(Point, 4326)`
    if ('ColumnRef' in node) return names(node.ColumnRef.fields)
    return 'A_Const' in node && node.A_Const.ival ? [node.A_Const.ival.ival ?? 0] : []
  })
  // The first modifier of an interval says which fields it stores.
  const shown = name === 'interval' ? modifiers.slice(1) : modifiers
  const size = shown.length === 0 ? '' : `(${shown.join(',')})`
  const builtIn = schema === undefined || schema === 'pg_catalog' ? SQL_TYPES[name] : undefined
  const base = builtIn ?? (schema && schema !== 'pg_catalog' ? `${schema}.${name}` : name)
  const whole = base.includes('%s') ? base.replace('%s', size) : base + size
  return type?.arrayBounds?.length ? `${whole}[]` : whole
}
