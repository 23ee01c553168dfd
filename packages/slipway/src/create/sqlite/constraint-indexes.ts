import type { Session } from '../../database/index.ts'
import { isSameList, isSameName, type SqliteState } from '../../schema/index.ts'
import { sqliteDetail, type Statement } from '../../statements/index.ts'
import { type KeptObject, type KeptSql, withoutParagraph } from '../keep-inexpressible.ts'
import { tableOf } from './rebuilds.ts'

interface ConstraintIndex {
  readonly table: string
  readonly columns: readonly string[]
}

/**
 * Prisma's SQL without the drops of indexes that belong to constraints, which SQLite refuses, and without the plain indexes
 * that were to replace them.
 */
export async function keepConstraintIndexes(
  sql: string,
  {
    session,
    statements,
    before,
  }: {
    readonly session: Session
    readonly statements: readonly Statement[]
    readonly before: SqliteState
  },
): Promise<Pick<KeptSql, 'sql' | 'kept'>> {
  const kept: KeptObject[] = []
  let text = sql
  for (const [at, statement] of [...statements.entries()].toReversed()) {
    const index = await constraintIndex(session, statement)
    if (index === undefined) continue
    const next = statements[at + 1]
    const isReplaced = next !== undefined && replaces(next, index)
    if (isReplaced) text = withoutParagraph(text, next.start, next.end)
    text = withoutParagraph(text, statement.start, statement.end)
    kept.unshift({
      object: { kind: 'table', schema: null, name: index.table },
      reason: constraintText(index, before),
      ...(isReplaced ? {} : { caution: STAYS }),
    })
  }
  return { sql: text, kept }
}

const STAYS =
  'schema.prisma does not have it, and SQLite can drop a constraint only by rebuilding its table'

/** The index of a UNIQUE or PRIMARY KEY that a statement drops. */
async function constraintIndex(
  session: Session,
  statement: Statement,
): Promise<ConstraintIndex | undefined> {
  const detail = sqliteDetail(statement)
  if (detail.kind !== 'drop' || detail.of !== 'index') return undefined
  const rows = await session.query<{ table: string; column: string }>(
    `SELECT m.tbl_name AS "table", i.name AS "column" FROM sqlite_schema m JOIN pragma_index_info(m.name) i
    WHERE m.type = 'index' AND m.sql IS NULL AND m.name = ? ORDER BY i.seqno`,
    [detail.name],
  )
  const [first] = rows
  return first && { table: first.table, columns: rows.map(({ column }) => column) }
}

function replaces(statement: Statement, { table, columns }: ConstraintIndex): boolean {
  const detail = sqliteDetail(statement)
  if (detail.kind !== 'create-index') return false
  const { index } = detail
  const isPlain = index.unique && !index.partial
  return isPlain && isSameName(index.table, table) && isSameList(index.columns, columns)
}

function constraintText({ table, columns }: ConstraintIndex, { objects }: SqliteState): string {
  const definition = objects.find(({ kind, name }) => kind === 'table' && name === table)
  const keys = definition ? (tableOf({ text: definition.sql })?.keys ?? []) : []
  return keys.find((key) => isSameList(key.columns, columns))?.text ?? 'UNIQUE'
}
