/** What Prisma 7 passes to a `comments` plugin. */
interface CommentContext {
  readonly query: { readonly modelName?: string; readonly action: string }
}

/**
 * For `new PrismaClient({ comments: [sqlComments({ application: 'carriers' })] })` of Prisma 7: each statement carries
 * its model and action as a sqlcommenter tag, so that `pg_stat_statements`, `pg_stat_activity` and the server's log show
 * where it comes from. The tags are the same for each call of an operation: they add no entries to `pg_stat_statements`
 * and no prepared statements.
 */
export function sqlComments(
  tags: Readonly<Record<string, string>> = {},
): (context: CommentContext) => Record<string, string> {
  return ({ query }) => ({ ...tags, action: query.action, model: query.modelName ?? 'raw' })
}
