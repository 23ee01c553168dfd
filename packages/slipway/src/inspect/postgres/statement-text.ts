import { masked, type Token, tokensOf } from '../../statements/index.ts'

/** The Prisma operation from which a statement comes. */
export interface PrismaTags {
  readonly model: string | null
  readonly action: string | null
}

/** Accepts only a Prisma name, because comments can contain any text of the application. */
const NAME = /^[A-Za-z]\w{0,63}$/

/**
 * Model and action from the comments of a statement: `action='findMany',model='Carrier'` of `slipway-runtime`, or
 * `prismaQuery='Carrier.findMany:…'` of `@prisma/sqlcommenter-query-insights`. Other tags are not read.
 */
export function prismaTagsIn(sql: string): PrismaTags {
  const comments = [...sql.matchAll(/\/\*([^]*?)\*\//g)].map(([, text = '']) => text)
  const tags = new Map(
    comments.flatMap((text) =>
      [...text.matchAll(/(\w+)='([^']*)'/g)].map(
        ([, key = '', value = '']) => [key, value] as const,
      ),
    ),
  )
  const [path = ''] = (tags.get('prismaQuery') ?? '').split(':')
  const parts = path.split('.')
  const nameOf = (text: string | undefined) => (text !== undefined && NAME.test(text) ? text : null)
  const model = nameOf(tags.get('model')) ?? (parts.length === 2 ? nameOf(parts[0]) : null)
  return {
    model: model === 'raw' ? null : model,
    action: nameOf(tags.get('action')) ?? nameOf(parts.at(-1)),
  }
}

/**
 * The text of a statement for display: one line, without comments, strings and numbers.
 * `pg_stat_statements` replaces constants by parameters, but not always, and not in utility statements.
 * Text that cannot be parsed as SQL is hidden. Needs `loadParser` first.
 */
export function shownStatement(sql: string): string {
  try {
    const tokens = tokensOf(masked(sql))
    if (tokens[0]?.text.toUpperCase() !== 'SET') return joined(tokens)
    // The value of a setting may be an unquoted word.
    const value = tokens.findIndex(({ text }) => ['=', 'TO'].includes(text.toUpperCase()))
    return `${joined(tokens.slice(0, value > 0 ? value : 2))} …`
  } catch {
    return `${/^\s*([A-Za-z]{1,20})\b/.exec(sql)?.[1] ?? ''} … (hidden: not readable as SQL)`
  }
}

/** Joins tokens, with a space where the text had white space, and without numbers. */
function joined(tokens: readonly Token[]): string {
  return tokens
    .map(({ text, start }, index) => {
      const space = index > 0 && start > (tokens[index - 1]?.end ?? 0) ? ' ' : ''
      return space + (/^\.?\d/.test(text) ? '…' : text)
    })
    .join('')
}
