import type { Session } from '../../database/index.ts'
import { runsOnTrial } from '../../down/index.ts'
import { readSqliteState, type SqliteState } from '../../schema/index.ts'
import { type ObjectRef, parserFor, type Statement } from '../../statements/index.ts'
import { type KeptObject, type Spared, withoutParagraph } from '../spare.ts'
import { keepIndexes } from './keep-indexes.ts'
import { keepParts } from './keep-parts.ts'

/**
 * Keeps what Prisma's SQL for SQLite would destroy, because its schema language cannot express it: virtual tables with the
 * tables in which they keep their rows are not dropped, rebuilt tables keep what only SQL can say of them, and triggers
 * and indexes that go with such a table are created again behind it, as far as they still fit.
 */
export async function spareOnSqlite(
  sql: string,
  { session }: { readonly session: Session },
): Promise<Spared> {
  const { parse } = await parserFor('sqlite')
  const state = await readSqliteState(session)
  const virtual = await session.query<{ name: string; type: string }>(
    `SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')`,
  )
  const kinds = new Map(virtual.map(({ name, type }) => [name, type]))
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
  const parts = await keepParts(text, { session, before: state })
  text = parts.sql
  const indexes = keepIndexes(text, { statements: parse(text), before: state })
  text = indexes.sql
  const again = await createdAgain(session, parse(text), state)
  const paragraphs = again.map(({ title, sql: own }) => `-- ${title}\n${own};\n`)
  text = withoutWarnings(text, [...kinds.keys()])
  return {
    sql: [text, ...paragraphs].join(text.endsWith('\n') ? '\n' : '\n\n'),
    kept: [
      ...kept,
      ...parts.kept,
      ...indexes.kept,
      ...again.map(({ object, reason }) => ({ object, reason })),
    ],
  }
}

/** Statements together with the settings that Prisma writes right before and behind them. */
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

function droppedTable({ actions: [action] }: Statement): string | undefined {
  return action?.kind === 'drop' && action.of === 'table' ? action.object.name : undefined
}

interface CreatedAgain extends KeptObject {
  readonly title: string
  readonly sql: string
}

/** Triggers and indexes that the statements lose with their tables, and that can be created behind them. */
async function createdAgain(
  session: Session,
  statements: readonly Statement[],
  before: SqliteState,
): Promise<CreatedAgain[]> {
  if (!statements.some((one) => droppedTable(one) !== undefined)) return []
  const indexes = new Set(
    statements.flatMap(({ actions }) =>
      actions.flatMap((action) => {
        if (action.kind === 'create-index') return action.name ?? []
        return action.kind === 'drop-index' ? action.index.name : []
      }),
    ),
  )
  const found: CreatedAgain[] = []
  await session.execute('BEGIN')
  try {
    for (const { text, role } of statements)
      if (role.kind !== 'begin' && role.kind !== 'commit') await runsOnTrial(session, text)
    const after = await readSqliteState(session)
    for (const { kind, name, table, sql } of before.objects) {
      if (kind !== 'trigger' && kind !== 'index') continue
      const isGone =
        after.objects.some((one) => one.kind === 'table' && one.name === table) &&
        !after.objects.some((one) => one.kind === kind && one.name === name)
      if (!isGone || indexes.has(name) || !(await runsOnTrial(session, sql))) continue
      const object: ObjectRef =
        kind === 'trigger' ? { kind, schema: null, table, name } : { kind, schema: null, name }
      const title = kind === 'trigger' ? 'CreateTrigger' : 'CreateIndex'
      const text = sql.trimEnd()
      found.push({ object, reason: 'created again behind its table', title, sql: text })
    }
  } finally {
    await session.execute('ROLLBACK')
  }
  return found
}
