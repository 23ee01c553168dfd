import type { Action, Fact, FactBase } from '@supabase/pg-delta'
import { quoteIdentifier, quoteLiteral } from '../../database/index.ts'
import { textOf } from './fact-base.ts'
import { type Child, inheritanceOf, type OwnColumn, type TableName } from './inheritance.ts'

/**
 * Statements that set the defaults, NOT NULL and comments in which columns of partitions and child tables
 * differ from those of their parents.
 */
export function ownColumnsSql(source: FactBase, target: FactBase): string[] {
  return target.facts().flatMap((fact) => {
    // Columns of a table without parents are all its own.
    if (fact.id.kind !== 'table' || !fact.payload['parentTable']) return []
    const { id } = fact
    const { own: had = {}, comments: said = {} } = inheritanceOf(source.get(id))
    const { own = {}, comments = {} } = inheritanceOf(fact)
    const commented = namesIn(said, comments).flatMap((name) => {
      if (said[name] === comments[name]) return []
      const text = comments[name] === undefined ? 'NULL' : quoteLiteral(comments[name])
      return [`COMMENT ON COLUMN ${qualified(id)}.${quoteIdentifier(name)} IS ${text}`]
    })
    const altered = namesIn(had, own).flatMap((name) => {
      const wanted = own[name] ?? inheritedColumn(target, fact, name)
      const from = had[name] ?? inheritedColumn(source, source.get(id), name)
      const alter = `ALTER TABLE ${qualified(id)} ALTER COLUMN ${quoteIdentifier(name)}`
      return [
        ...(from?.notNull === wanted?.notNull
          ? []
          : [`${alter} ${wanted?.notNull ? 'SET' : 'DROP'} NOT NULL`]),
        ...(from?.default === wanted?.default
          ? []
          : [
              `${alter} ${wanted?.default === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${wanted.default}`}`,
            ]),
      ]
    })
    return [...altered, ...commented]
  })
}

/**
 * Statements, to run before everything else, that remove defaults with a function call in which columns of
 * partitions and child tables differ from those of their parents: the function, or a sequence that it reads,
 * may be dropped.
 */
export function ownDefaultsFirst(source: FactBase, target: FactBase): string[] {
  return source.facts().flatMap((fact) => {
    if (fact.id.kind !== 'table' || !target.has(fact.id)) return []
    const { id } = fact
    const { own: wanted = {} } = inheritanceOf(target.get(id))
    return Object.entries(inheritanceOf(fact).own ?? {}).flatMap(([name, column]) =>
      column.default?.includes('(') && column.default !== wanted[name]?.default
        ? [`ALTER TABLE ${qualified(id)} ALTER COLUMN ${quoteIdentifier(name)} DROP DEFAULT`]
        : [],
    )
  })
}

function namesIn(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted()
}

/** A column as the parent of a table has it, which may itself inherit it. */
function inheritedColumn(
  facts: FactBase,
  child: Fact | undefined,
  name: string,
): OwnColumn | undefined {
  const parent = child?.payload['parentTable'] as TableName | null | undefined
  if (!parent) return undefined
  const column = { schema: parent.schema, table: parent.name, name }
  if (!facts.has({ kind: 'column', ...column })) {
    const above = facts.get({ kind: 'table', schema: parent.schema, name: parent.name })
    return inheritanceOf(above).own?.[name] ?? inheritedColumn(facts, above, name)
  }
  const notNull = facts.get({ kind: 'column', ...column })?.payload['notNull'] === true
  const expr = facts.get({ kind: 'default', ...column })?.payload['expr']
  return { notNull, ...(typeof expr === 'string' ? { default: expr } : {}) }
}

/**
 * Statements that create the parts of an index or key on the partitions before it is created for the whole
 * table: the server then adopts them. Only needed for parts whose names the server would not choose itself.
 */
export function partsFirst({ produces }: Action, target: FactBase): string[] {
  return produces.flatMap((id) => {
    const fact = target.get(id)
    const { children = [] } = inheritanceOf(fact)
    if (fact === undefined || (id.kind !== 'index' && id.kind !== 'constraint')) return []
    return children.flatMap((child) => {
      if (child.def !== undefined) return isUsualName(child) ? [] : [child.def]
      if (fact.payload['type'] === 'f' || isUsualName(child)) return []
      const add = `ADD CONSTRAINT ${quoteIdentifier(child.name)} ${textOf(fact.payload['def'])}`
      return [`ALTER TABLE ${qualified({ schema: child.schema, name: child.table })} ${add}`]
    })
  })
}

/**
 * Whether the server may have chosen a name itself: from the table, its columns, and the kind of the part.
 */
function isUsualName({ table, name }: Child): boolean {
  return name.startsWith(`${table}_`) && /_(?:idx|key|pkey|excl)\d*$/.test(name)
}

function qualified({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}
