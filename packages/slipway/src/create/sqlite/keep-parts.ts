import type { Session } from '../../database/index.ts'
import {
  autoincrementCounterSql,
  isSameList,
  isSameName,
  type LostPart,
  lostParts,
  type SqliteState,
  withParts,
} from '../../schema/index.ts'
import {
  type ObjectRef,
  parserFor,
  sqliteDetail,
  type SqliteIndex,
  type Statement,
} from '../../statements/index.ts'
import { type KeptObject, withoutParagraph } from '../keep-inexpressible.ts'
import { type RebuiltTable, rebuildsIn, tableOf } from './rebuilds.ts'
import { tryParts } from './try-parts.ts'

/** SQL whose tables keep parts, and why SQLite rejects other parts. */
export interface KeptParts {
  readonly sql: string
  readonly kept: readonly KeptObject[]
  /** By `partKey`. */
  readonly refused: ReadonlyMap<string, string>
}

interface Edit {
  readonly start: number
  readonly end: number
  /** Absent if the statement is removed with its heading. */
  readonly by?: string
}

/**
 * Adds to the tables that a migration rebuilds the parts of the old ones that schema.prisma cannot express,
 * if SQLite accepts them: CHECK, COLLATE, ON CONFLICT, keys with these, deferred foreign keys, generated
 * columns, STRICT and WITHOUT ROWID, and the AUTOINCREMENT counter.
 */
export async function keepParts(
  sql: string,
  { session, before }: { readonly session: Session; readonly before: SqliteState },
): Promise<KeptParts> {
  const { parse } = await parserFor('sqlite')
  const statements = parse(sql)
  const edits: Edit[] = []
  const kept: KeptObject[] = []
  const refused = new Map<string, string>()
  for (const rebuild of rebuildsIn(statements)) {
    const { create, made, name } = rebuild
    const definition = before.objects.find((one) => one.kind === 'table' && one.name === name)
    const old = definition && tableOf({ text: definition.sql })
    if (old === undefined) continue
    const indexes = indexesIn(statements, name)
    const lost = lostParts(old, made, indexes)
    const tried = await tryParts(session, { old, made, parts: lost })
    for (const { part, reason } of tried.refused) refused.set(partKey(name, part), reason)
    if (tried.accepted.length > 0) {
      const parts = tried.accepted.map(({ part }) => part)
      const by = withParts(made, parts)
      edits.push({ start: create.start, end: create.end, by }, ...abortingCopies(statements, by))
      edits.push(...indexes.filter((index) => isServedBy(index, parts, before)))
      kept.push(
        ...tried.accepted.map(({ part, caution }) => ({
          object: objectOfPart(name, part),
          reason: reasonOf(part),
          ...(caution === undefined ? {} : { caution }),
        })),
      )
    }
    if (old.autoincrement && made.autoincrement) {
      edits.push(counterEdit(rebuild))
      const object = { kind: 'table', schema: null, name } as const
      kept.push({ object, reason: 'AUTOINCREMENT counter' })
    }
  }
  return { sql: edited(sql, edits), kept, refused }
}

/** A key that identifies a part of a table. */
export function partKey(table: string, { kind, text }: LostPart): string {
  return JSON.stringify([table, kind, text])
}

/** The table or column that has a part. */
export function objectOfPart(table: string, { column }: LostPart): ObjectRef {
  return column === undefined
    ? { kind: 'table', schema: null, name: table }
    : { kind: 'column', schema: null, table, name: column }
}

function reasonOf({ kind, text }: LostPart): string {
  if (kind === 'check') return 'CHECK'
  return kind === 'generated column' ? 'generated' : text
}

interface PlacedIndex extends SqliteIndex {
  readonly start: number
  readonly end: number
}

/** The indexes that statements create on a table. */
function indexesIn(statements: readonly Statement[], table: string): PlacedIndex[] {
  return statements.flatMap((statement) => {
    const detail = sqliteDetail(statement)
    const isOwn = detail.kind === 'create-index' && isSameName(detail.index.table, table)
    const { start, end } = statement
    return isOwn ? [{ ...detail.index, start, end }] : []
  })
}

/** Whether a kept constraint makes an index redundant that Prisma creates in its place. */
function isServedBy(
  { name, unique, partial, columns }: SqliteIndex,
  parts: readonly LostPart[],
  before: SqliteState,
): boolean {
  if (!unique || partial || before.objects.some((one) => isSameName(one.name, name))) return false
  return parts.some((part) => part.kind === 'unique' && isSameList(part.columns ?? [], columns))
}

/**
 * Adds OR ABORT to copies, so that an ON CONFLICT clause that the new table now has does not lose rows: the
 * clause of the INSERT takes precedence.
 */
function abortingCopies(statements: readonly Statement[], create: string): Edit[] {
  const table = tableOf({ text: create })
  const hasConflict =
    table?.keys.some(({ onConflict }) => onConflict) ||
    table?.columns.some(({ notNullOnConflict }) => notNullOnConflict !== undefined)
  if (!table || !hasConflict) return []
  return statements.flatMap((statement): Edit[] => {
    const detail = sqliteDetail(statement)
    const isCopy = detail.kind === 'insert' && isSameName(detail.table, table.name)
    if (!isCopy || detail.conflict !== undefined) return []
    const end = statement.start + 'INSERT'.length
    return [{ start: statement.start, end, by: 'INSERT OR ABORT' }]
  })
}

function counterEdit({ drop, made, name }: RebuiltTable): Edit {
  const steps = autoincrementCounterSql(name, made.name).map((step) => `${step};\n`)
  return { start: drop.start, end: drop.start, by: steps.join('') }
}

function edited(sql: string, edits: readonly Edit[]): string {
  let text = sql
  for (const { start, end, by } of edits.toSorted((a, b) => b.start - a.start))
    text =
      by === undefined
        ? withoutParagraph(text, start, end)
        : text.slice(0, start) + by + text.slice(end)
  return text
}
