import type { Receipt } from '../execution/index.ts'
import { describeKept, type Kept } from '../safekeeping/index.ts'
import type { ColumnDefinition, ObjectName, Statement } from '../statements/index.ts'
import type { PreparedDown } from './prepared-down.ts'

/** What is known of a target where a down migration is announced. */
interface Light {
  /** What was kept of the migration, and what could not be. */
  readonly kept: readonly Kept[]
  /** The schema that a name without one goes to. */
  readonly schema: string
}

/**
 * What a down migration announces: a loss that is kept is none, nor that of a column whose values the server
 * computes, and rows that are put back do not stay as they were written.
 */
export function inLightOf({ announced, plan, wrote }: PreparedDown, light: Light): string[] {
  const computed = computedColumns(plan.statements, light.schema)
  const told = announced.filter((text) => !computed.includes(text.replace(/^lossy: /, '')))
  const stays = wrote.filter((statement) => !isPutBack(statement, light.kept))
  return [
    ...told.map((text) => lossless(text, light.kept)),
    ...(stays.length > 0 ? [`rows: what statement ${stays.join(', ')} wrote stays as it is`] : []),
  ]
}

/** Down migrations after their run: what rows had to decide is decided where it went through. */
export function decided(
  ways: readonly PreparedDown[],
  receipts: readonly Receipt[],
): PreparedDown[] {
  return ways.map((way, index) => {
    if (receipts[index]?.status !== 'done') return way
    const announced = way.announced.filter((text) => !/^(?:choice|irreversible): /.test(text))
    return { ...way, announced }
  })
}

/** The columns that statements add and whose values the server computes, as `lossy` names them. */
function computedColumns(statements: readonly Statement[], inSchema: string): string[] {
  const name = ({ schema = inSchema, name: table }: ObjectName, column: ColumnDefinition) =>
    `column ${schema}.${table}.${column.name}`
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'add-column') return []
      const { filledBy } = action.column
      return filledBy === 'stored' || filledBy === 'virtual'
        ? [name(action.table, action.column)]
        : []
    }),
  )
}

function isPutBack(statement: number, kept: readonly Kept[]): boolean {
  const own = kept.filter((one) => one.statement === statement)
  return own.length > 0 && own.every(({ state, returns }) => state === 'kept' && returns)
}

function lossless(announced: string, all: readonly Kept[]): string {
  const lost = /^lossy: (.+)$/.exec(announced)?.[1]
  if (lost === undefined) return announced
  const found = all.some((one) => {
    if (one.state !== 'kept' || !one.returns) return false
    const columns = one.columns.map((column) =>
      describeKept({ ...one, kind: 'columns', columns: [column] }),
    )
    return describeKept(one) === lost || columns.includes(lost)
  })
  return found ? `lossless (kept): ${lost}` : announced
}
