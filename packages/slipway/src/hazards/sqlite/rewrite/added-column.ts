import { dependentsOf, keyOfName } from '../../../schema/index.ts'
import { type SqliteColumn, sqliteDetail, type Statement } from '../../../statements/index.ts'
import { quoted } from '../names-and-sizes.ts'
import type { DetailOf } from '../rule.ts'
import { needsKeysElsewhere, OTHERS } from './keys-off.ts'
import { hazardsAt, markRemaining, markResolved, type RewriteContext } from './rewrite-context.ts'
import { tableRebuild } from './table-rebuild.ts'

const IDS = ['add-required-column', 'add-computed-default', 'add-refused-column']

/** Rewrites an ADD COLUMN that SQLite refuses to a form that it accepts. */
export function addColumns(site: RewriteContext): void {
  for (const statement of site.migration.statements) {
    const detail = sqliteDetail(statement)
    const hazards = hazardsAt(site, [statement], IDS)
    if (detail.kind !== 'add-column' || hazards.length === 0) continue
    const { column } = detail
    if (column.primaryKey) {
      markRemaining(
        site,
        hazards,
        'A primary key needs values that differ. Rebuild the table by hand.',
      )
    } else if (column.unique && hazards.every(({ id }) => id === 'add-refused-column')) {
      addUnique(site, statement, detail)
    } else {
      addByRebuild(site, statement, detail)
    }
  }
}

/** Adds the column without UNIQUE, and creates a unique index instead. */
function addUnique(
  site: RewriteContext,
  statement: Statement,
  detail: DetailOf<'add-column'>,
): void {
  const { table, column } = detail
  const hazards = hazardsAt(site, [statement], IDS)
  const plain = withoutUnique(statement.text, column)
  if (plain === undefined) {
    markRemaining(site, hazards, 'Remove UNIQUE, and create a unique index.')
    return
  }
  const index = quoted(`${table}_${column.name}_key`)
  site.changes.instead(statement, [
    plain,
    `CREATE UNIQUE INDEX ${index} ON ${quoted(table)}(${quoted(column.name)})`,
  ])
  markResolved(site, hazards, 'The column is added without UNIQUE, and a unique index is created.')
}

function withoutUnique(text: string, { uniqueAt }: SqliteColumn): string | undefined {
  if (uniqueAt === undefined) return undefined
  return (text.slice(0, uniqueAt.start).trimEnd() + text.slice(uniqueAt.end)).trimEnd()
}

/** Adds the column by a rebuild, which allows any column and any value for existing rows. */
function addByRebuild(
  site: RewriteContext,
  statement: Statement,
  detail: DetailOf<'add-column'>,
): void {
  const { column, table: name } = detail
  const hazards = hazardsAt(site, [statement], IDS)
  const definitions = site.run.before.get(statement.number) ?? site.run.after
  const table = definitions.tables.get(keyOfName(name))
  const isReferred = dependentsOf(definitions, name).length > 0
  const unsafe = isReferred ? whyUnsafe(site) : undefined
  if (unsafe !== undefined) {
    markRemaining(site, hazards, unsafe)
    return
  }
  const { value, why } = valueFor(column)
  const steps =
    table &&
    tableRebuild(definitions, {
      table,
      columns: [...table.columns, column],
      values: new Map(value === undefined ? [] : [[column.name, value]]),
    })
  if (steps === undefined) {
    markRemaining(site, hazards, `The definition of ${name} is not known here. Rebuild it by hand.`)
    return
  }
  site.changes.instead(statement, steps)
  if (isReferred) site.rebuilt.push(statement)
  markResolved(site, hazards, `${name} is rebuilt with the column${why}.`)
}

/** Why a rebuild of a referenced table would lose rows of the referencing tables; undefined if it would not. */
function whyUnsafe(site: RewriteContext): string | undefined {
  if (site.facts.d1 !== undefined) {
    return 'It needs a rebuild of a table that others refer to, which only Slipway runs on D1 without losing their rows. Give the column a constant default, or let it be NULL.'
  }
  return site.run.enforcesKeys && needsKeysElsewhere(site) ? OTHERS : undefined
}

/** The value for existing rows: the default, or a neutral value that the user can replace. */
function valueFor(column: SqliteColumn): { readonly value?: string; readonly why: string } {
  if (column.generated) return { why: '' }
  const value = column.default
  if (value && value.kind !== 'null') {
    return { value: value.text, why: `; existing rows get its default ${value.text}` }
  }
  if (!column.notNull) return { why: '' }
  const neutral = neutralOf(column.type)
  return {
    value: neutral,
    why: `; existing rows get ${neutral}, which you can replace in the SELECT`,
  }
}

function neutralOf(type: string): string {
  if (/char|clob|text/i.test(type)) return "''"
  if (/blob/i.test(type)) return "x''"
  return /date|time/i.test(type) ? 'CURRENT_TIMESTAMP' : '0'
}
