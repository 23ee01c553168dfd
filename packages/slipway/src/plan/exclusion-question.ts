import { quoteIdentifier } from '../database/index.ts'
import type { ConstraintDefinition } from '../statements/index.ts'
import { columnsRead, ROW_PLACE, rowsOf } from './offending-rows.ts'
import { ask, type Asking, type Question, undecided } from './question.ts'

/** Asks for rows that exclude each other, by the operators that the constraint names. */
export function exclusionQuestion(
  asking: Asking,
  { exclusion = '' }: ConstraintDefinition,
  object: string,
): Question[] {
  const { table } = asking
  const subject = { kind: 'exclusion' as const, object }
  const parts = partsOf(exclusion)
  if (parts === undefined || table.target?.partitioned)
    return [undecided(subject, 'its definition is not a plain list of expressions and operators')]
  const { elements, where } = parts
  const columns = columnsRead(table, [], where, ...elements.map(({ expression }) => expression))
  const values = elements.map(
    ({ expression }, at) => `(${expression}) AS ${quoteIdentifier(`slipway ${at}`)}`,
  )
  const source = rowsOf(table, { columns, only: true })
  const rows = `(SELECT ${[ROW_PLACE, ...values].join(', ')} FROM ${source} WHERE ${where ?? 'true'})`
  const excluded = elements.map(({ operator }, at) => {
    const value = quoteIdentifier(`slipway ${at}`)
    return `one.${value} ${operator} other.${value}`
  })
  const pairs = `${rows} AS one JOIN ${rows} AS other ON one.${ROW_PLACE} <> other.${ROW_PLACE} AND ${excluded.join(' AND ')}`
  return ask(asking, subject, {
    columns,
    where: `${ROW_PLACE} IN (SELECT one.${ROW_PLACE} FROM ${pairs})`,
    only: true,
  })
}

interface Parts {
  readonly elements: readonly { readonly expression: string; readonly operator: string }[]
  readonly where?: string
}

/** The parts of `USING gist (a WITH =, b WITH &&) WHERE (c)`; nothing where it holds more than that. */
function partsOf(exclusion: string): Parts | undefined {
  // A literal may hold parentheses and commas.
  if (/['$]|--|\/\*/.test(exclusion)) return undefined
  const [, inside = '', behind = ''] =
    /^(?:USING\s+\w+\s*)?\(([\s\S]*?)\)\s*((?:WHERE\b[\s\S]*)?)$/i.exec(exclusion) ?? []
  const elements = splitAtCommas(inside).map((element) => {
    const [, expression = '', operator = ''] =
      /^([\s\S]+?)\s+WITH\s+([-+*/<>=~!@#%^&|`?]+)$/i.exec(element.trim()) ?? []
    return { expression, operator }
  })
  if (elements.some(({ operator }) => operator === '')) return undefined
  if (behind === '') return { elements }
  const [, where] = /^WHERE\s*(\([\s\S]*\))$/i.exec(behind.trim()) ?? []
  return where === undefined ? undefined : { elements, where }
}

function splitAtCommas(list: string): string[] {
  const items = ['']
  let depth = 0
  for (const character of list) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) items.push('')
    else items[items.length - 1] += character
  }
  return items
}
