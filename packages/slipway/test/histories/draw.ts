import type { KnownColumn, KnownTable, Names } from './catalog-names.ts'
import type { Random } from './random.ts'

/** Few names, so that they are reused. */
export const TABLE_NAMES = ['log', 'item', 'Order', 'tag', 'part', 'node']
const COLUMN_NAMES = ['a', 'b', 'C c', 'state', 'total', 'note']
const OWN_NAMES = ['own_one', 'own_two', 'Own 3', 'own_four']
export const TYPES = [
  'integer',
  'bigint',
  'text',
  'varchar(40)',
  'numeric(8,2)',
  'boolean',
  'text[]',
]
export const MORE_TYPES = [
  'date',
  'timestamptz(3)',
  'jsonb',
  'uuid',
  'bytea',
  'int4range',
  'smallint',
]
export const ROLES = ['PUBLIC', 'pg_monitor', 'pg_read_all_data']

/** A name in quotes. */
export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Draws names and values for one statement. A name that the database lacks makes the statement impossible. */
export interface Draw {
  readonly random: Random
  readonly names: Names
  /** An ordinary or partitioned table. */
  table(): KnownTable
  otherTable(): KnownTable
  column(of: KnownTable): KnownColumn
  type(): string
  /** A value of a column, as an SQL expression. */
  value(of: KnownColumn): string
  /** A name for a new table, which may already exist. */
  newTable(): string
  newColumn(): string
  own(): string
  one<T>(list: readonly T[]): T
  predicate(of: KnownTable): string
}

/** The database lacks the objects that a statement needs. */
export class NothingToDraw extends Error {}

/** Draws from the objects of a database. */
export function drawFrom(random: Random, names: Names): Draw {
  const one = <T>(list: readonly T[]): T => {
    const found = random.pick(list)
    if (found === undefined) throw new NothingToDraw()
    return found
  }
  const schemas = names.schemas.filter((name) => name !== 'public')
  const tables = names.tables.filter(({ kind }) => kind === 'r' || kind === 'p')
  const column = (of: KnownTable) => one(of.columns)
  const value = (of: KnownColumn) => valueOf(of, random.below(60), random)
  return {
    random,
    names,
    table: () => one(tables),
    otherTable: () => one(tables),
    column,
    value,
    type: () => typeOf(random, names),
    newTable: () => {
      const name = quoted(one(TABLE_NAMES))
      const schema = random.once(5) ? random.pick(schemas) : undefined
      return schema === undefined ? name : `${schema}.${name}`
    },
    newColumn: () => quoted(one(COLUMN_NAMES)),
    own: () => quoted(one(OWN_NAMES)),
    one,
    predicate: (of) => predicateOn(column(of), random, value),
  }
}

function typeOf(random: Random, { enums, domains, composites }: Names): string {
  const own = [...enums, ...domains, ...composites].map(({ name }) => name)
  return (
    (random.once(4) ? random.pick(own) : undefined) ??
    random.pick(random.once(3) ? MORE_TYPES : TYPES) ??
    'text'
  )
}

/** An expression for a value of a column's type; the same number gives the same value. */
export function valueOf({ base, labels, type }: KnownColumn, at: number, random: Random): string {
  if (labels) return `'${(labels[at % labels.length] ?? '').replaceAll("'", "''")}'::${type}`
  if (base.endsWith('[]')) return `ARRAY['v${at}', NULL]::text[]::${base}`
  if (/^(?:integer|bigint|smallint)/.test(base)) return String(1 + at)
  if (base.startsWith('numeric')) return `${at}.25`
  if (base === 'boolean') return at % 2 === 0 ? 'true' : 'false'
  if (base === 'date') return `DATE '2026-01-01' + ${at}`
  if (base.startsWith('timestamp'))
    return `TIMESTAMPTZ '2026-01-01 00:00:00+00' + ${at} * interval '1 hour'`
  if (base === 'jsonb') return `'{"at": ${at}}'::jsonb`
  if (base === 'uuid') return `md5('${at}')::uuid`
  if (base === 'bytea') return `'\\x${(at % 256).toString(16).padStart(2, '0')}'::bytea`
  if (base === 'int4range') return `int4range(${at}, ${at + 5})`
  if (/^(?:text|character)/.test(base)) return random.once(12) ? "'it''s'" : `'v${at}'`
  return `NULL::${type}`
}

function predicateOn(
  column: KnownColumn,
  random: Random,
  value: (of: KnownColumn) => string,
): string {
  const { name } = column
  return (
    random.pick([
      `${name} IS NULL`,
      `${name} IS NOT NULL`,
      `${name} = ${value(column)}`,
      `random() < 0.5`,
      `true`,
      `ctid IN (SELECT ctid FROM CURRENT_TABLE LIMIT 1)`,
    ]) ?? 'true'
  )
}

/** Makes a statement from drawn names and values. */
export type Template = (draw: Draw) => string

/** A condition on rows of a table. */
export const where = (draw: Draw, of: KnownTable) =>
  draw.predicate(of).replace('CURRENT_TABLE', of.name)

/** Columns of a new table. */
export const bodyOf = (draw: Draw, columns = 2): string =>
  Array.from({ length: 1 + draw.random.below(columns) }, (_, index) => {
    const kind = draw.type()
    const collation =
      /^(?:text|varchar)(?!.*\[)/.test(kind) && draw.random.once(5) ? ' COLLATE "C"' : ''
    return `${quoted(COLUMN_NAMES[index] ?? 'a')} ${kind}${collation}`
  }).join(', ')

/** The key of a new table. */
export const keyOf = (draw: Draw): string =>
  draw.one([
    '"id" serial PRIMARY KEY',
    '"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY',
    '"id" integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY',
    '"id" integer PRIMARY KEY',
    '"id" bigserial NOT NULL',
    '"id" uuid PRIMARY KEY DEFAULT gen_random_uuid()',
  ])

/** The SQL keyword for a kind of relation. */
export const kindOf = ({ kind }: KnownTable) =>
  kind === 'v' ? 'VIEW' : kind === 'm' ? 'MATERIALIZED VIEW' : 'TABLE'
