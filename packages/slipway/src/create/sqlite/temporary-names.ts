import { quoteIdentifier, type Session } from '../../database/index.ts'
import { keyOfName } from '../../schema/index.ts'
import { parserFor, sqliteDetail, type Statement, tokenPlaces } from '../../statements/index.ts'
import { rebuildsIn } from './rebuilds.ts'

/**
 * Prisma's SQL with other names for the new tables of rebuilds if the name is taken: Prisma calls the new table of `user`
 * `new_user` even if a table, view or index of that name exists, or if another statement creates one.
 */
export async function withFreeTemporaryNames(sql: string, session: Session): Promise<string> {
  const { parse } = await parserFor('sqlite')
  const statements = parse(sql)
  const rebuilds = rebuildsIn(statements)
  if (rebuilds.length === 0) return sql
  // Triggers have their own namespace.
  const objects = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type <> 'trigger'`,
  )
  const creates = rebuilds.map(({ create }) => create)
  const taken = new Set([
    ...objects.map(({ name }) => keyOfName(name)),
    ...statements.filter((one) => !creates.includes(one)).flatMap(createdName),
  ])
  let text = sql
  for (const { create, made, copies, rename } of rebuilds.toReversed()) {
    let temporary = made.name
    while (taken.has(keyOfName(temporary))) temporary = `new_${temporary}`
    if (temporary === made.name) continue
    for (const { start, text: own } of [create, ...copies, rename].toReversed()) {
      const at = start + (tokenPlaces(own, made.name)[0] ?? 0)
      const end = at + quoteIdentifier(made.name).length
      text = text.slice(0, at) + quoteIdentifier(temporary) + text.slice(end)
    }
  }
  return text
}

function createdName(statement: Statement): string[] {
  const detail = sqliteDetail(statement)
  switch (detail.kind) {
    case 'create-table':
      return [keyOfName(detail.table.name)]
    case 'create-index':
      return [keyOfName(detail.index.name)]
    default:
      return []
  }
}
