import { tableNamed } from '../../schema/index.ts'
import {
  type ColumnDefinition,
  isKeyword,
  type ObjectName,
  type Token,
  textOf,
  tokensOf,
} from '../../statements/index.ts'
import { inBatches, singleKey } from './batches.ts'
import { type Form, none, type Site, written } from './form.ts'
import { notNullSteps } from './not-null-form.ts'
import { NO_KEY } from './update-form.ts'

/** A column with a default that is computed for each row: added empty, then filled in batches. */
export function filledColumn(table: ObjectName, column: ColumnDefinition, site: Site): Form {
  const { alter, schema } = site
  const key = singleKey(schema, table)
  if (!alter || key === undefined) return none(NO_KEY)
  if ((tableNamed(schema, table)?.triggers ?? []).length > 0) {
    return none('The table has a trigger, and filling the column by UPDATE would fire it.')
  }
  const parts = definitionOf(alter.part)
  if (parts === undefined) {
    return none('The column is added with more than a type, a default and NOT NULL.')
  }
  const { name, type, value } = parts
  const fill = inBatches({
    update: `UPDATE ${alter.table} SET ${name} = DEFAULT`,
    where: `${name} IS NULL`,
    table: alter.table,
    key: written(key, alter.part),
  })
  const required = column.notNull
    ? notNullSteps(table, name, { head: alter.head, column: column.name })
    : []
  return {
    kind: 'steps',
    steps: [
      `${alter.head} ADD COLUMN ${name} ${type}`,
      `${alter.head} ALTER COLUMN ${name} SET DEFAULT ${value}`,
      fill,
      ...required,
    ],
    separateTransactions: true,
    done: 'The column is added empty, which takes ACCESS EXCLUSIVE for a moment, and the rows are filled in batches of 10,000.',
  }
}

/** The parts of `ADD COLUMN name type DEFAULT value NOT NULL`; undefined if it has more. */
function definitionOf(
  part: string,
): { readonly name: string; readonly type: string; readonly value: string } | undefined {
  const all = tokensOf(part)
  const begin = isKeyword(all[1], 'COLUMN') ? 2 : 1
  const name = all[begin]
  const clauses = clausesOf(all.slice(begin + 1))
  const value = clauses.find(([word]) => isKeyword(word, 'DEFAULT'))
  const known = clauses.slice(1).every(([word, second, ...rest]) => {
    if (isKeyword(word, 'DEFAULT')) return true
    return isKeyword(word, 'NOT') && isKeyword(second, 'NULL') && rest.length === 0
  })
  if (!name || !value || !known || isKeyword(name, 'IF')) return undefined
  if (value.some((token) => isKeyword(token, 'NULL'))) return undefined
  return {
    name: name.text,
    type: textOf(part, clauses[0] ?? []),
    value: textOf(part, value.slice(1)),
  }
}

/** The words that begin a clause after a column's type. */
const BEGINNINGS = ['DEFAULT', 'NOT', 'CONSTRAINT', 'UNIQUE', 'PRIMARY', 'REFERENCES', 'CHECK']

/** The column's type, followed by one entry per clause. A default's expression contains none of those words. */
function clausesOf(tokens: readonly Token[]): Token[][] {
  const clauses: Token[][] = [[]]
  for (const token of tokens) {
    if (BEGINNINGS.some((word) => isKeyword(token, word))) clauses.push([token])
    else clauses.at(-1)?.push(token)
  }
  return clauses
}
