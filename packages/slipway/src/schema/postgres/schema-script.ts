import { type Action, type Fact, type FactBase, plan } from '@supabase/pg-delta'
import { quoteIdentifier } from '../../database/index.ts'
import type { ObjectRef } from '../../statements/index.ts'
import { raise } from '../failures.ts'
import type { Choice, SchemaScript, ScriptStatement } from '../script.ts'
import { type Catalog } from './catalog.ts'
import { factBase, textOf } from './fact-base.ts'
import { inPlace, parentsOf } from './in-place.ts'
import { ownColumnsSql, ownDefaultsFirst, partsFirst } from './parts-sql.ts'
import { withReplacedObjects, recollated, type ReusedNames } from './plan-source.ts'
import { recreatedObjects } from './recreated-objects.ts'
import { referenceTo } from './reference.ts'
import { stableSql } from './reparsed-text.ts'
import { sequencesPastRows } from './sequence-positions.ts'
import { alwaysFits, castsTo } from './type-casts.ts'

export interface ScriptOptions {
  /** The default owner of objects: the script does not mention it. */
  readonly owner?: string | undefined
  /** Names that belong to different objects in `from` and in `to`. */
  readonly retaken?: ReusedNames
}

/**
 * The SQL that turns a database with the catalog `from` into one with the catalog `to`, in an order that
 * respects dependencies. Empty for equal catalogs. A table or column that both have is never replaced, except
 * a generated column or a table that becomes partitioned. Fails with SCHEMA.NO_PATH if no such SQL is found.
 */
export function scriptBetween(
  from: Catalog,
  to: Catalog,
  { owner, retaken = { tables: [], columns: [], types: [] } }: ScriptOptions = {},
): SchemaScript {
  const [had, wanted] = [ownedByOthers(from.facts, owner), ownedByOthers(to.facts, owner)]
  const replaced = withReplacedObjects(had, wanted, retaken)
  const { source, target, first, last } = inPlace(replaced.source, wanted)
  const again = recreatedObjects(recollated(source, target), target)
  const actions = identitiesLast(enumValuesFirst(planActions(again.source, target)))
    .filter(({ sql }) => !dropsNoDefault(sql, source))
    .toSorted(
      (a, b) => Number(again.recreatesAny(a.produces)) - Number(again.recreatesAny(b.produces)),
    )
  return {
    statements: [
      ...[...ownDefaultsFirst(had, wanted), ...replaced.first, ...first, ...again.drops].map(plain),
      ...actions.flatMap((action) => [
        ...partsFirst(action, target).map(plain),
        ...addIdentitySeparately(action.sql.trim().replace(/;$/, ''), source).map((sql) => ({
          sql: stableSql(collated(castingThroughText(sql, source), target)),
          alone: action.transactionality !== 'transactional',
          destructive: action.dataLoss === 'destructive',
        })),
      ]),
      ...[...sequencesPastRows(source, target), ...last, ...ownColumnsSql(had, wanted)].map(plain),
    ],
    choices: choicesOf(inPlace(replaced.rest, wanted), to.defaultSchema),
  }
}

function plain(sql: string): ScriptStatement {
  return { sql: stableSql(sql), alone: false, destructive: false }
}

// The regular expressions in this file read only what pg-delta writes: one statement in a fixed form, with every
// name quoted. They match quoted names as a whole, so no part of a name is read as syntax. They decide only the order
// and the form of these statements.

/**
 * Moves new enum values to the front. pg-delta does not know which value a default needs, and may put the
 * default first.
 */
function enumValuesFirst(actions: readonly Action[]): Action[] {
  const addsValue = ({ sql }: Action) => /^ALTER TYPE .* ADD VALUE /s.test(sql)
  return actions.toSorted((a, b) => Number(addsValue(b)) - Number(addsValue(a)))
}

/**
 * Moves each new identity or default after the last change of its column, where pg-delta may put it earlier.
 * Only a NOT NULL integer column can be an identity, and a default must have the new type.
 */
function identitiesLast(actions: readonly Action[]): Action[] {
  const altered = actions.map(({ sql }) => ALTERED.exec(sql)?.[1])
  return actions
    .map((action, at) => {
      const [, column] = NUMBERED.exec(action.sql) ?? []
      const last = column === undefined ? -1 : altered.lastIndexOf(column)
      return { action, place: last > at ? last + 0.5 : at }
    })
    .toSorted((a, b) => a.place - b.place)
    .map(({ action }) => action)
}

const IDENTITY_ADDED =
  /^(ALTER TABLE ("(?:[^"]|"")+")\.("(?:[^"]|"")+")) ADD COLUMN ("(?:[^"]|"")+") (.+?) (GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY(?: \(.*\))?)( NOT NULL)?$/s

/**
 * Adds an identity separately from its column if the table has partitions or child tables: the server rejects
 * both together.
 */
function addIdentitySeparately(sql: string, source: FactBase): string[] {
  const [, alter, schema, table, column, type, identity] = IDENTITY_ADDED.exec(sql) ?? []
  if (alter === undefined || !hasChildTables(source, unquotedName(schema), unquotedName(table)))
    return [sql]
  return [
    `${alter} ADD COLUMN ${column} ${type} NOT NULL`,
    `${alter} ALTER COLUMN ${column} ADD ${identity}`,
  ]
}

function unquotedName(part = ''): string {
  return unquoted(part.slice(1, -1))
}

function hasChildTables(facts: FactBase, schema: string, name: string): boolean {
  return facts
    .facts()
    .some((fact) => parentsOf(fact).some((one) => one.schema === schema && one.name === name))
}

/**
 * The facts without the ownership of a role: pg-delta would name the role although the catalog omits roles.
 */
function ownedByOthers(facts: FactBase, owner: string | undefined): FactBase {
  if (owner === undefined) return facts
  return factBase(facts.facts(), facts.edges, (role) => role !== owner)
}

function planActions(source: FactBase, target: FactBase): readonly Action[] {
  try {
    const { actions } = plan(source, target, {
      scope: 'database',
      assumedRoles: rolesNamed(source, target),
    })
    return actions
  } catch (error) {
    return raise('SCHEMA.NO_PATH', {
      message: 'No SQL leads from one state of the schema to the other.',
      why: withoutDetail(error instanceof Error ? error.message : String(error)),
      cause: error,
    })
  }
}

/** pg-delta's message about a cycle is meant for its developers, and names each statement. */
function withoutDetail(message: string): string {
  return message.startsWith('dependency cycle')
    ? 'The changes depend on each other in a cycle.'
    : message
}

const NAME = /"((?:[^"]|"")+)"/.source
const COLUMN = `^ALTER (?:FOREIGN )?TABLE ${NAME}\\.${NAME} ALTER COLUMN ${NAME}`
const RETYPED = new RegExp(`${COLUMN} TYPE .* USING (${NAME})::(.+)$`, 's')
const ALTERED = new RegExp(`(${COLUMN}) (?:TYPE|SET NOT NULL|DROP)\\b`)
const NUMBERED = new RegExp(`(${COLUMN}) (?:ADD GENERATED|SET DEFAULT) `)
const WITHOUT_DEFAULT = new RegExp(`${COLUMN} DROP DEFAULT;?$`)

/**
 * Whether a statement drops a default that does not exist: pg-delta drops the default before each type
 * change.
 */
function dropsNoDefault(sql: string, source: FactBase): boolean {
  const [, ...names] = WITHOUT_DEFAULT.exec(sql.trim()) ?? []
  const [schema, table, name] = names.map(unquoted)
  if (schema === undefined || table === undefined || name === undefined) return false
  return !source.has({ kind: 'default', schema, table, name })
}

function unquoted(part = ''): string {
  return part.replaceAll('""', '"')
}

/**
 * Casts through text if PostgreSQL has no cast to the new type, which pg-delta does not know: nearly every
 * value can be read from its text.
 */
function castingThroughText(sql: string, source: FactBase): string {
  const [, schema, table, name, column, , to = ''] = RETYPED.exec(sql) ?? []
  const [inSchema, inTable, inName] = [unquoted(schema), unquoted(table), unquoted(name)]
  const fact = source.get({ kind: 'column', schema: inSchema, table: inTable, name: inName })
  const from = fact?.payload['type']
  if (typeof from !== 'string') return sql
  const array = from.endsWith('[]') && to.endsWith('[]') ? '[]' : ''
  const element = (type: string) => type.slice(0, type.length - array.length)
  if (castsTo(element(from), element(to))) return sql
  return sql.replace(` USING ${column}::${to}`, () => ` USING ${column}::text${array}::${to}`)
}

const ATTRIBUTE = `^ALTER TYPE ${NAME}\\.${NAME} ALTER ATTRIBUTE ${NAME}`
const NEW_TYPE = new RegExp(`(?:${COLUMN}|${ATTRIBUTE}) TYPE `)

/** A type change with the new collation, if that is not the default of the type. */
function collated(sql: string, target: FactBase): string {
  const match = NEW_TYPE.exec(sql)
  if (match === null) return sql
  const [start, ...names] = match
  const [schema = '', table = '', name = '', ofSchema = '', type = '', attribute = ''] =
    names.map(unquoted)
  const fact =
    schema === ''
      ? target.get({ kind: 'typeAttribute', schema: ofSchema, type, name: attribute })
      : target.get({ kind: 'column', schema, table, name })
  const [collation, named] = [fact?.payload['collation'], fact?.payload['type']]
  if (typeof collation !== 'string' || typeof named !== 'string') return sql
  const head = start + named
  return sql.startsWith(head) ? `${head} COLLATE ${collation}${sql.slice(head.length)}` : sql
}

function rolesNamed(...bases: readonly FactBase[]): string[] {
  const names = new Set<string>(['public'])
  for (const base of bases) {
    for (const { id, payload } of base.facts()) {
      if (id.kind === 'acl' || id.kind === 'defaultPrivilege') names.add(id.grantee)
      if (id.kind === 'defaultPrivilege') names.add(id.role)
      const roles = id.kind === 'policy' ? payload['roles'] : undefined
      if (Array.isArray(roles))
        for (const role of roles) if (typeof role === 'string') names.add(role)
    }
    for (const edge of base.edges) if (edge.to.kind === 'role') names.add(edge.to.name)
  }
  return [...names]
}

/** Decisions that depend on rows, which the catalogs alone cannot make. */
function choicesOf(
  { source, target }: Pick<Ends, 'source' | 'target'>,
  defaultSchema: string,
): Choice[] {
  return target.facts().flatMap((fact) => {
    const before = source.get(fact.id)
    const messages =
      fact.id.kind === 'column'
        ? columnChoices(fact, before?.payload, { source, target, defaultSchema })
        : fact.id.kind === 'type' && before
          ? enumChoices(before.payload, fact.payload)
          : isAppendedLate(fact, { source, target })
            ? [
                'is restored after the other attributes: ROW(…) and text forms have a different order',
              ]
            : []
    const object = referenceTo(fact.id, defaultSchema)
    return messages.map((message) => ({ object, message }))
  })
}

/** The attributes of types in `to` that would be placed too late if they were added to `from`. */
export function attributesAppendedLate(from: Catalog, to: Catalog): ObjectRef[] {
  return to.facts
    .facts()
    .filter((fact) => isAppendedLate(fact, { source: from.facts, target: to.facts }))
    .map(({ id }) => referenceTo(id, to.defaultSchema))
}

/** Whether a fact is an attribute that an existing type lacks, and that precedes one that the type has. */
function isAppendedLate(
  { id, payload }: Fact,
  { source, target }: Pick<Ends, 'source' | 'target'>,
): boolean {
  if (id.kind !== 'typeAttribute' || source.has(id)) return false
  return target
    .facts()
    .some(
      (other) =>
        other.id.kind === 'typeAttribute' &&
        other.id.schema === id.schema &&
        other.id.type === id.type &&
        Number(other.payload['_position']) > Number(payload['_position']) &&
        source.has(other.id),
    )
}

type Payload = Readonly<Record<string, unknown>>

interface Ends {
  readonly source: FactBase
  readonly target: FactBase
  readonly defaultSchema: string
}

function columnChoices(
  { id, payload: after }: Fact,
  before: Payload | undefined,
  { source, target, defaultSchema }: Ends,
): string[] {
  if (id.kind !== 'column') return []
  if (!before) {
    const tableExisted = source.has({ kind: 'table', schema: id.schema, name: id.table })
    const hasDefault = target.has({ ...id, kind: 'default' })
    const filled = hasDefault || Boolean(after['identity']) || Boolean(after['generatedExpr'])
    if (!tableExisted || !after['notNull'] || filled) return []
    return ['is restored as NOT NULL without a default: this fails if a row has no value for it']
  }
  const [from, to] = [textOf(before['type']), textOf(after['type'])]
  const shown = (type: string) => withoutQualifier(type, defaultSchema)
  return [
    ...(from !== to && !alwaysFits(from, to)
      ? [
          `changes from ${shown(from)} to ${shown(to)}: values that do not fit are rejected, truncated or rounded`,
        ]
      : []),
    ...(!before['notNull'] && after['notNull']
      ? ['becomes NOT NULL: rows that contain NULL make this fail']
      : []),
  ]
}

/** A type as the server prints it, without the default schema. */
function withoutQualifier(type: string, schema: string): string {
  const qualifier = [schema, quoteIdentifier(schema)].find((name) => type.startsWith(`${name}.`))
  return qualifier === undefined ? type : type.slice(qualifier.length + 1)
}

function enumChoices(before: Payload, after: Payload): string[] {
  const had = before['values']
  const has = after['values']
  if (!Array.isArray(had) || !Array.isArray(has)) return []
  const gone = had.filter((value) => !has.includes(value))
  if (gone.length === 0) return []
  const list = gone.map((value) => `'${String(value)}'`).join(', ')
  return [`loses ${list}: rows that use it make this fail`]
}
