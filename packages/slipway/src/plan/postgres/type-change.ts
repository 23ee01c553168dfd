import { quoteLiteral } from '../../database/index.ts'
import { keyOf, typeKey } from '../../schema/index.ts'
import { partRef, type TableAction } from '../../statements/index.ts'
import {
  isNewType,
  type PendingColumn,
  type PendingRows,
  type SourceColumn,
} from '../pending-rows.ts'
import {
  offendingRowsQuestion,
  type QuestionContext,
  type PreCheckQuestion,
  undecided,
} from '../question.ts'
import { columnOf } from './offending-rows.ts'
import { textOffence } from './text-offence.ts'
import { type CastAnswer, parseType, rangeOffence, typeSql } from './type-range.ts'

type TypeChange = Extract<TableAction, { kind: 'change-type' }>

/** Asks for values that the new type of a column would refuse or truncate. */
export function typeChangeQuestion(
  asking: QuestionContext,
  change: TypeChange,
): PreCheckQuestion[] {
  const { rows, table } = asking
  const column = table.columns.get(change.column)
  const object = partRef('column', table, change.column)
  if (table.target === undefined)
    return offendingRowsQuestion(
      asking,
      { kind: 'cast', object },
      { columns: [change.column], where: 'true' },
    )
  if (column === undefined || column.empty) return []
  const answer = answerOf(rows, change, {
    column,
    value: columnOf(table, change.column),
  })
  switch (answer.kind) {
    case 'fits':
    case 'refused':
      return []
    case 'unknown':
      return [undecided({ kind: 'cast', object }, answer.reason)]
    case 'asks': {
      const { what, where, doubt } = answer
      const [asked] = offendingRowsQuestion(
        asking,
        { kind: what, object },
        { columns: [change.column], where },
      )
      if (asked === undefined) return []
      return [doubt ? { ...asked, doubts: { violated: doubt, ...asked.doubts } } : asked]
    }
  }
}

interface Changed {
  readonly column: PendingColumn
  /** The column reference in the SQL of the check. */
  readonly value: string
}

function answerOf(rows: PendingRows, change: TypeChange, { column, value }: Changed): CastAnswer {
  const { source } = column
  if (source === undefined)
    return { kind: 'unknown', reason: column.unknown ?? 'an earlier statement changes the column' }
  const cast = castOf(change)
  if (cast === 'computed') return { kind: 'unknown', reason: 'USING computes the new value' }
  const { type } = change
  const labels = rows.schema.enums.get(typeKey(rows.schema, type))?.labels
  if (labels !== undefined) return enumAnswer(rows, { source, labels, value, cast, type })
  return parseType(source.type).isText || cast === 'through-text'
    ? textAnswer(rows, { source, value, cast, type })
    : rangeOffence(parseType(source.type), parseType(type), value)
}

type Cast = 'assigned' | 'cast' | 'through-text' | 'computed'

/** How the value is converted: `USING "x"::text::"Mood"` casts through text. */
function castOf({ using, casts, type }: TypeChange): Cast {
  if (using === undefined || casts?.length === 0) return 'assigned'
  if (casts === undefined || casts.at(-1) !== type) return 'computed'
  const [first = '', ...others] = casts
  if (others.length === 0) return 'cast'
  return others.length === 1 && /^text(?:\[\])?$/.test(first) ? 'through-text' : 'computed'
}

interface Conversion {
  readonly source: SourceColumn
  readonly value: string
  readonly cast: Cast
  readonly type: string
}

/**
 * Finds values that are not labels of the new enum. The labels are known even if a pending statement
 * creates the enum.
 */
function enumAnswer(
  rows: PendingRows,
  { source, labels, value, cast, type }: Conversion & { readonly labels: readonly string[] },
): CastAnswer {
  const old = source.enum && keyOf(rows.target, source.enum)
  if (old !== undefined && rows.relabelled.has(old))
    return { kind: 'unknown', reason: 'an earlier statement renames a value of the enum' }
  if (cast === 'assigned') return { kind: 'refused' }
  const listed = labels.length === 0 ? 'NULL' : labels.map(quoteLiteral).join(', ')
  const outside = (text: string) =>
    labels.length === 0 ? `${text} IS NOT NULL` : `${text}::text NOT IN (${listed})`
  const where = type.endsWith('[]')
    ? `EXISTS (SELECT FROM unnest(${value}) AS one(label) WHERE ${outside('one.label')})`
    : outside(value)
  return { kind: 'asks', what: 'enum-value', where }
}

function textAnswer(rows: PendingRows, { source, value, cast, type }: Conversion): CastAnswer {
  const from = parseType(source.type)
  const to = parseType(type)
  if (to.isText) return rangeOffence(from, to, value)
  if (cast === 'assigned') return { kind: 'refused' }
  if (isNewType(rows.schema, type))
    return { kind: 'unknown', reason: `the type ${type} does not exist yet` }
  if (rows.versionNumber >= 160_000) {
    const where = `NOT pg_input_is_valid(${value}::text, ${quoteLiteral(typeSql(to))})`
    return { kind: 'asks', what: 'cast', where }
  }
  return textOffence(to, `${value}::text`)
}
