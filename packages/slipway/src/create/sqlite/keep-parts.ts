import type { Session } from '../../database/index.ts'
import { runsOnTrial } from '../../down/index.ts'
import {
  canHavePart,
  counterSql,
  isSameName,
  type LostPart,
  lostParts,
  type SqliteState,
  withParts,
} from '../../schema/index.ts'
import {
  parserFor,
  sqliteDetail,
  type SqliteTable,
  type Statement,
} from '../../statements/index.ts'
import type { KeptObject, Spared } from '../spare.ts'

/**
 * Gives the tables that a migration rebuilds what schema.prisma cannot express of the old ones, as far as SQLite takes it:
 * CHECK, COLLATE, generated columns, STRICT and WITHOUT ROWID, and the counter of AUTOINCREMENT.
 */
export async function keepParts(
  sql: string,
  { session, before }: { readonly session: Session; readonly before: SqliteState },
): Promise<Spared> {
  const { parse } = await parserFor('sqlite')
  const statements = parse(sql)
  const kept: KeptObject[] = []
  let text = sql
  for (const { create, made, drop, name } of rebuildsIn(statements).toReversed()) {
    const definition = before.objects.find((one) => one.kind === 'table' && one.name === name)
    const old = definition && tableOf(parse(definition.sql)[0])
    if (old === undefined) continue
    const possible = lostParts(old, made).filter((part) => canHavePart(made, part))
    const parts = await takenParts(session, { made, parts: possible })
    if (old.autoincrement && made.autoincrement) {
      const steps = counterSql(name, made.name).map((step) => `${step};\n`)
      text = text.slice(0, drop.start) + steps.join('') + text.slice(drop.start)
      const object = { kind: 'table', schema: null, name } as const
      kept.unshift({ object, reason: 'counter of AUTOINCREMENT' })
    }
    if (parts.length === 0) continue
    text = text.slice(0, create.start) + withParts(made, parts) + text.slice(create.end)
    kept.unshift(...parts.map((part) => keptObject(name, part)))
  }
  return { sql: text, kept }
}

interface RebuiltTable {
  readonly create: Statement
  readonly made: SqliteTable
  /** Of the old table. */
  readonly drop: Statement
  /** What it is called in the end. */
  readonly name: string
}

/** The tables that are created under another name than that of the table which they replace. */
function rebuildsIn(statements: readonly Statement[]): RebuiltTable[] {
  const details = statements.map((statement) => ({ statement, detail: sqliteDetail(statement) }))
  return statements.flatMap((create, at): RebuiltTable[] => {
    const made = tableOf(create)
    if (made === undefined) return []
    const later = details.slice(at)
    const rename = later.find(
      ({ detail }) => detail.kind === 'rename-table' && isSameName(detail.table, made.name),
    )?.detail
    if (rename?.kind !== 'rename-table') return []
    const drop = later.find(
      ({ detail }) =>
        detail.kind === 'drop' && detail.of === 'table' && isSameName(detail.name, rename.to),
    )?.statement
    return drop ? [{ create, made, drop, name: rename.to }] : []
  })
}

function tableOf(statement: Statement | undefined): SqliteTable | undefined {
  const detail = statement && sqliteDetail(statement)
  return detail?.kind === 'create-table' ? detail.table : undefined
}

/** The parts with which SQLite creates the table, in their order. */
async function takenParts(
  session: Session,
  { made, parts }: { readonly made: SqliteTable; readonly parts: readonly LostPart[] },
): Promise<readonly LostPart[]> {
  if (parts.length === 0) return parts
  const isTaken = async (some: readonly LostPart[]) => {
    const create = withParts({ ...made, name: 'slipway_trial' }, some)
    return await runsOnTrial(session, `${create};\nDROP TABLE slipway_trial`)
  }
  await session.execute('BEGIN')
  try {
    let taken = parts
    while (taken.length > 0 && !(await isTaken(taken))) {
      const without = taken.map((part) => taken.filter((other) => other !== part))
      const less = await firstOf(without, isTaken)
      taken = less ?? taken.slice(0, -1)
    }
    return taken
  } finally {
    await session.execute('ROLLBACK')
  }
}

async function firstOf<T>(
  all: readonly T[],
  fits: (one: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const one of all) if (await fits(one)) return one
  return undefined
}

function keptObject(table: string, { kind, column, text }: LostPart): KeptObject {
  const reason = kind === 'check' ? 'CHECK' : kind === 'generated column' ? 'generated' : text
  return {
    object:
      column === undefined
        ? { kind: 'table', schema: null, name: table }
        : { kind: 'column', schema: null, table, name: column },
    reason,
  }
}
