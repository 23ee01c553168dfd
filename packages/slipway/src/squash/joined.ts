import {
  parseStatements,
  tokensOf,
  type Unit,
  unitsOf,
  withoutSquashHead,
} from '../migration/index.ts'

/** A file as far as it is joined to others. */
interface File {
  readonly name: string
  readonly sql: string
  readonly path?: string
}

/**
 * The statements of some migrations one behind the other, each part under the name of its migration: without
 * their BEGIN and COMMIT, so that all runs in one transaction, and without what a file itself rolls back. An
 * index is built and dropped in that transaction, not CONCURRENTLY. Needs `loadParser`.
 */
export function joinedSql(migrations: readonly File[]): string {
  return migrations
    .map(({ name, sql, path }) => {
      const text = withoutMarks(withoutSquashHead(sql))
      const units = unitsOf(text, parseStatements(text, path)).filter((unit) => !unit.rolledBack)
      const body = units.map((unit) => `${plain(unit).trim()};\n`).join('\n')
      return `-- ${name}\n\n${body}`
    })
    .join('\n')
}

/** A mark speaks of the whole file that it stands in. */
function withoutMarks(sql: string): string {
  return sql.replaceAll(/^\s*--\s*slipway:\s*no-transaction\b.*$/gim, '')
}

function plain({ kind, sql, statements }: Unit): string {
  const [statement] = statements
  const role = statement?.role
  const builds = role?.kind === 'alone' && (role.builds !== undefined || role.drops !== undefined)
  if (kind !== 'alone' || !builds) return sql
  const word = tokensOf(sql).find(({ text }) => text.toUpperCase() === 'CONCURRENTLY')
  return word ? sql.slice(0, word.start) + sql.slice(word.end).trimStart() : sql
}
