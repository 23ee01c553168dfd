import {
  markersIn,
  type Statement,
  type StatementParser,
  tokensOf,
  type TransactionGroup,
  transactionGroupsOf,
  withoutSquashHead,
} from '../statements/index.ts'

/** The parts of a migration file that matter for joining. */
interface File {
  readonly name: string
  readonly sql: string
  readonly path?: string
}

/**
 * Joins the statements of several migrations, each part under the name of its migration: without their
 * BEGIN and COMMIT, and without statements that a file itself rolls back. Indexes are built and dropped
 * in the transaction, not CONCURRENTLY. The result is one transaction, unless an enum value must be
 * committed before it is used, or a statement must be the first of its transaction: then it contains
 * BEGIN and COMMIT, so that Prisma, which sends a file as one message, can also run it.
 */
export function joinSql(migrations: readonly File[], parser: StatementParser): string {
  const sql = migrations.map((migration) => migrationPart(migration, parser)).join('\n')
  const blocks = blocksOf(sql, parser)
  if (blocks.length < 2) return sql
  return blocks
    .map(({ text, ownTransaction }) =>
      ownTransaction ? `${text};\n` : `BEGIN;\n\n${text};\n\nCOMMIT;\n`,
    )
    .join('\n')
}

function migrationPart({ name, sql, path }: File, { parse }: StatementParser): string {
  const text = withoutMarks(withoutSquashHead(sql))
  const groups = transactionGroupsOf(text, parse(text, path)).filter((group) => !group.rolledBack)
  return `-- ${name}\n\n${groups.map((group) => `${withoutConcurrently(group).trim()};\n`).join('\n')}`
}

interface CommittedPart {
  readonly text: string
  readonly ownTransaction: boolean
}

/** The parts that are committed together, in the order of the text, each with the comments before it. */
function blocksOf(sql: string, { parse }: StatementParser): CommittedPart[] {
  const ends = transactionGroupsOf(sql, parse(sql)).flatMap(({ kind, statements }) => {
    const lasts = statements.filter((_, index) => {
      const next = statements[index + 1]
      return next === undefined || mustBeFirst(next)
    })
    return lasts.map(({ end }) => ({ end, ownTransaction: kind === 'alone' }))
  })
  return ends.map(({ end, ownTransaction }, index) => {
    const before = ends[index - 1]
    // After the semicolon.
    const from = before === undefined ? 0 : sql.indexOf(';', before.end) + 1
    return { text: sql.slice(from, end).trim(), ownTransaction }
  })
}

/**
 * Whether a statement must be the first of its transaction, because it sets properties of the
 * transaction.
 */
function mustBeFirst({ settings }: Statement): boolean {
  return settings === 'transaction'
}

/** Removes `no-transaction` marks, which apply to a whole file. */
function withoutMarks(sql: string): string {
  return markersIn(sql)
    .filter(({ name }) => name === 'no-transaction')
    .reduceRight((text, { start, end }) => text.slice(0, start) + text.slice(end), sql)
}

function withoutConcurrently({ kind, sql, statements }: TransactionGroup): string {
  const [statement] = statements
  const role = statement?.role
  const builds = role?.kind === 'alone' && (role.builds !== undefined || role.drops !== undefined)
  if (kind !== 'alone' || !builds) return sql
  const word = tokensOf(sql).find(({ text }) => text.toUpperCase() === 'CONCURRENTLY')
  return word ? sql.slice(0, word.start) + sql.slice(word.end).trimStart() : sql
}
