import { isSameName, type SqliteState } from '../../schema/index.ts'
import {
  sqliteDefinitionParts,
  sqliteDetail,
  type SqliteIndex,
  type Statement,
} from '../../statements/index.ts'
import type { KeptObject, KeptSql } from '../keep-inexpressible.ts'

/**
 * Creates indexes again unchanged after a rebuild, if Prisma, which cannot express their condition or
 * collation, would create plain indexes on the same columns.
 */
export function keepIndexes(
  sql: string,
  {
    statements,
    before,
  }: { readonly statements: readonly Statement[]; readonly before: SqliteState },
): Pick<KeptSql, 'sql' | 'kept'> {
  const kept: KeptObject[] = []
  let text = sql
  for (const statement of statements.toReversed()) {
    const made = indexOf(statement)
    const old =
      made && before.objects.find(({ kind, name }) => kind === 'index' && name === made.name)
    const was = old && indexOf({ text: old.sql })
    if (!made || !was || !isInexpressible(was) || !isAlike(made, was)) continue
    text = text.slice(0, statement.start) + was.text + text.slice(statement.end)
    const object = { kind: 'index', schema: null, name: was.name } as const
    kept.unshift({ object, reason: was.partial ? 'partial' : 'COLLATE' })
  }
  return { sql: text, kept }
}

function indexOf(statement: Pick<Statement, 'text'>): SqliteIndex | undefined {
  const detail = sqliteDetail(statement)
  return detail.kind === 'create-index' ? detail.index : undefined
}

/** Whether schema.prisma cannot express the index that a CREATE INDEX creates. */
export function isInexpressibleIndex(sql: string): boolean {
  const index = indexOf({ text: sql })
  return index !== undefined && (index.columns.includes('') || isInexpressible(index))
}

function isInexpressible({ partial, text }: SqliteIndex): boolean {
  return partial || sqliteDefinitionParts(text).some((part) => / COLLATE /.test(part))
}

function isAlike(made: SqliteIndex, was: SqliteIndex): boolean {
  return (
    made.unique === was.unique &&
    isSameName(made.table, was.table) &&
    made.columns.length === was.columns.length &&
    made.columns.every((column, at) => isSameName(column, was.columns[at] ?? ''))
  )
}
