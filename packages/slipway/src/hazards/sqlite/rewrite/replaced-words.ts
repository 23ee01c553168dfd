import { keyOfName } from '../../../schema/index.ts'
import { sqliteDetail, sqliteNames, type Statement } from '../../../statements/index.ts'
import { stringLiteral } from '../names-and-sizes.ts'
import { INSTEAD } from '../rules/d1-function.ts'
import { textsInDoubleQuotes } from '../rules/double-quoted-text.ts'
import { hazardsAt, markRemaining, markResolved, type RewriteContext } from './rewrite-context.ts'

interface Replacement {
  readonly start: number
  readonly end: number
  readonly with: string
}

/** Puts strings in single quotes, and renames functions that D1 has under a different name. */
export function replaceWords(site: RewriteContext): void {
  for (const statement of site.migration.statements) {
    const quotes = hazardsAt(site, [statement], ['double-quoted-text'])
    const calls = hazardsAt(site, [statement], ['d1-function'])
    if (quotes.length + calls.length === 0 || site.changes.isReplaced(statement)) continue
    const definitions = site.run.before.get(statement.number) ?? site.run.after
    const texts =
      quotes.length === 0
        ? []
        : textsInDoubleQuotes(sqliteDetail(statement), { definitions, statement })
    const functions = calls.length === 0 ? [] : functionsIn(statement)
    const replaced = texts.map(({ at, name }): Replacement => {
      return { start: at, end: at + quotedLength(name), with: stringLiteral(name) }
    })
    markResolved(site, quotes, 'Strings are in single quotes.')
    for (const hazard of calls) {
      const known = functions.some(({ name }) => hazard.message.includes(`function ${name}:`))
      if (known) markResolved(site, [hazard], 'It calls the function by the name that D1 has.')
      else markRemaining(site, [hazard], 'Write the expression without the function.')
    }
    const all = [...replaced, ...functions]
    if (all.length > 0) site.changes.instead(statement, [withReplaced(statement.text, all)])
  }
}

function functionsIn(statement: Statement): (Replacement & { readonly name: string })[] {
  return sqliteNames(statement).functions.flatMap(({ name, at }) => {
    const instead = INSTEAD[keyOfName(name)]
    if (instead === undefined) return []
    return [{ name: keyOfName(name), start: at, end: at + name.length, with: instead }]
  })
}

/** The length of a name in double quotes. A double quote inside it is doubled. */
function quotedLength(name: string): number {
  return name.replaceAll('"', '""').length + 2
}

function withReplaced(sql: string, all: readonly Replacement[]): string {
  return all
    .toSorted((one, other) => other.start - one.start)
    .reduce(
      (done, { start, end, with: instead }) => done.slice(0, start) + instead + done.slice(end),
      sql,
    )
}
