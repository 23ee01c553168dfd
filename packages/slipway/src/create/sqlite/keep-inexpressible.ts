import type { Session } from '../../database/index.ts'
import {
  columnIn,
  isSameName,
  lostParts,
  readSqliteState,
  refusalOfPart,
  type SqliteState,
} from '../../schema/index.ts'
import { parserFor, sqliteDetail, type Statement } from '../../statements/index.ts'
import {
  type KeptObject,
  type LostObject,
  type KeptSql,
  withoutParagraph,
} from '../keep-inexpressible.ts'
import { keepConstraintIndexes } from './constraint-indexes.ts'
import { keepIndexes } from './keep-indexes.ts'
import { keepParts, objectOfPart, partKey } from './keep-parts.ts'
import { tableOf } from './rebuilds.ts'
import { recreateDependents } from './recreate-dependents.ts'
import { keepVirtualTables } from './virtual-tables.ts'

/**
 * Keeps what Prisma's SQL for SQLite would destroy, because its schema language cannot express it: virtual
 * tables and their shadow tables are not dropped, rebuilt tables keep the parts that only SQL can express,
 * and triggers and indexes that are dropped with such a table are created again after it, if they still fit.
 */
export async function keepInexpressibleOnSqlite(
  sql: string,
  { session }: { readonly session: Session },
): Promise<KeptSql> {
  const { parse } = await parserFor('sqlite')
  const state = await readSqliteState(session)
  const virtual = await keepVirtualTables(sql, session)
  let text = virtual.sql
  const constraints = await keepConstraintIndexes(text, {
    session,
    statements: parse(text),
    before: state,
  })
  text = constraints.sql
  const fields = withoutGeneratedFields(text, parse(text), state)
  const parts = await keepParts(fields.sql, { session, before: state })
  const indexes = keepIndexes(parts.sql, { statements: parse(parts.sql), before: state })
  text = indexes.sql
  const again = await recreateDependents(session, parse(text), state)
  const paragraphs = again.created.map(({ title, sql: own }) => `-- ${title}\n${own};\n`)
  return {
    sql: [text, ...paragraphs].join(text.endsWith('\n') ? '\n' : '\n\n'),
    kept: [
      ...virtual.kept,
      ...constraints.kept,
      ...fields.kept,
      ...parts.kept,
      ...indexes.kept,
      ...again.created.map(({ object, reason }) => ({ object, reason })),
    ],
    notKept: [...lostBetween(state, again.after, parts.refused), ...again.notKept],
  }
}

/** The parts that tables have lost, according to the definitions before and after. */
function lostBetween(
  before: SqliteState,
  after: SqliteState,
  refused: ReadonlyMap<string, string>,
): LostObject[] {
  const indexes = after.objects.flatMap(({ kind, sql }) => {
    const detail = kind === 'index' ? sqliteDetail({ text: sql }) : undefined
    return detail?.kind === 'create-index' ? [detail.index] : []
  })
  return before.objects.flatMap(({ kind, name, sql }) => {
    const next = after.objects.find((one) => one.kind === kind && one.name === name)
    if (kind !== 'table' || next === undefined || next.sql === sql) return []
    const [old, made] = [tableOf({ text: sql }), tableOf({ text: next.sql })]
    if (!old || !made) return []
    const own = indexes.filter(({ table }) => isSameName(table, name))
    return lostParts(old, made, own).map((part): LostObject => {
      const known = refused.get(partKey(name, part)) ?? refusalOfPart(made, part)
      const reason = known ?? 'the new table is created without it'
      return { object: objectOfPart(name, part), part: part.text, reason }
    })
  })
}

/**
 * Removes additions of generated columns that already exist: Prisma does not see them, and adds those for
 * which schema.prisma has a field.
 */
function withoutGeneratedFields(
  sql: string,
  statements: readonly Statement[],
  before: SqliteState,
): Pick<KeptSql, 'sql' | 'kept'> {
  const kept: KeptObject[] = []
  let text = sql
  for (const statement of statements.toReversed()) {
    const detail = sqliteDetail(statement)
    if (detail.kind !== 'add-column') continue
    const { table, column } = detail
    const definition = before.objects.find((one) => one.kind === 'table' && one.name === table)
    const old = definition && tableOf({ text: definition.sql })
    if (!old || !columnIn(old, column.name)?.generated) continue
    text = withoutParagraph(text, statement.start, statement.end)
    const object = { kind: 'column', schema: null, table, name: column.name } as const
    kept.unshift({ object, reason: 'generated' })
  }
  return { sql: text, kept }
}
