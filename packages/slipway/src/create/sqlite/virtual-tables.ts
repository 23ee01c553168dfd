import type { Session } from '../../database/index.ts'
import { parserFor, type Statement } from '../../statements/index.ts'
import { type KeptObject, type KeptSql, withoutParagraph } from '../keep-inexpressible.ts'
import { droppedTable } from './rebuilds.ts'

/** The virtual tables of a database, and the shadow tables in which their modules keep rows. Prisma knows neither. */
export async function readVirtualTables(
  session: Session,
): Promise<ReadonlyMap<string, 'virtual' | 'shadow'>> {
  const rows = await session.query<{ name: string; type: 'virtual' | 'shadow' }>(
    `SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')`,
  )
  return new Map(rows.map(({ name, type }) => [name, type]))
}

/** Prisma's SQL without the drops of virtual tables and of their shadow tables. */
export async function keepVirtualTables(
  sql: string,
  session: Session,
): Promise<Pick<KeptSql, 'sql' | 'kept'>> {
  const kinds = await readVirtualTables(session)
  if (kinds.size === 0) return { sql, kept: [] }
  const { parse } = await parserFor('sqlite')
  const statements = parse(sql)
  const drops = statements.filter((one) => kinds.has(droppedTable(one) ?? ''))
  let text = sql
  for (const { start, end } of withPragmas(statements, drops).toReversed())
    text = withoutParagraph(text, start, end)
  const kept = drops.flatMap((one): KeptObject[] => {
    const name = droppedTable(one) ?? ''
    return kinds.get(name) === 'virtual'
      ? [{ object: { kind: 'table', schema: null, name }, reason: 'virtual' }]
      : []
  })
  return { sql: withoutWarnings(text, [...kinds.keys()]), kept }
}

/** Statements together with the settings that Prisma writes right before and after them. */
function withPragmas(all: readonly Statement[], drops: readonly Statement[]): Statement[] {
  const isPragma = (one: Statement | undefined) => one?.actions[0]?.kind === 'pragma'
  const gone = new Set(
    drops.flatMap((drop) => {
      const at = all.indexOf(drop)
      const [before, after] = [all[at - 1], all[at + 1]]
      return isPragma(before) && isPragma(after) ? [before, drop, after] : [drop]
    }),
  )
  return all.filter((one) => gone.has(one))
}

/** Prisma's warnings at the head, without those about tables that stay. */
function withoutWarnings(sql: string, tables: readonly string[]): string {
  const isAbout = (line: string) =>
    tables.some((name) => line.startsWith(`  - You are about to drop the \`${name}\` table.`))
  const lines = sql.split('\n').filter((line) => !isAbout(line))
  return lines.join('\n').replace(/^\/\*\n {2}Warnings:\n\s*\*\/\n/, '')
}
