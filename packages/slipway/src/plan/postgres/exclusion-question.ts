import { quoteIdentifier } from '../../database/index.ts'
import {
  type ConstraintDefinition,
  hasComment,
  isKeyword,
  type ObjectRef,
  textOf,
  type Token,
  tokensOf,
} from '../../statements/index.ts'
import {
  offendingRowsQuestion,
  type QuestionContext,
  type PreCheckQuestion,
  undecided,
} from '../question.ts'
import { columnsRead, ROW_PLACE, rowsOf } from './offending-rows.ts'

/** Asks for rows that conflict with each other, by the operators of the exclusion constraint. */
export function exclusionQuestion(
  asking: QuestionContext,
  { exclusion = '' }: ConstraintDefinition,
  object: ObjectRef,
): PreCheckQuestion[] {
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
  return offendingRowsQuestion(asking, subject, {
    columns,
    where: `${ROW_PLACE} IN (SELECT one.${ROW_PLACE} FROM ${pairs})`,
    only: true,
  })
}

interface Parts {
  readonly elements: readonly { readonly expression: string; readonly operator: string }[]
  readonly where?: string
}

/** The parts of `USING gist (a WITH =, b WITH &&) WHERE (c)`; undefined if it contains anything else. */
function partsOf(exclusion: string): Parts | undefined {
  const tokens = tokensOf(exclusion)
  if (hasComment(exclusion) || tokens.some(({ text }) => /['$]/.test(text))) return undefined
  const open = tokens.findIndex(({ text }) => text === '(')
  const close = tokens.findIndex(({ text, depth }) => text === ')' && depth === 0)
  const using = tokens.slice(0, Math.max(open, 0))
  if (open === -1 || close === -1 || (using.length > 0 && !isKeyword(using[0], 'USING')))
    return undefined
  const elements = splitAtCommas(tokens.slice(open + 1, close)).map((element) => {
    const at = element.findIndex(({ text, depth }) => depth === 1 && text.toUpperCase() === 'WITH')
    const operator = element.slice(at + 1)
    return {
      expression: textOf(exclusion, element.slice(0, Math.max(at, 0))),
      operator: at === -1 || operator.length !== 1 ? '' : (operator[0]?.text ?? ''),
    }
  })
  if (elements.some(({ expression, operator }) => expression === '' || operator === ''))
    return undefined
  const [word, ...where] = tokens.slice(close + 1)
  if (word === undefined) return { elements }
  return isKeyword(word, 'WHERE') ? { elements, where: textOf(exclusion, where) } : undefined
}

function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [[]]
  for (const token of tokens) {
    if (token.text === ',' && token.depth === 1) items.push([])
    else items.at(-1)?.push(token)
  }
  return items
}
