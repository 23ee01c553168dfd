import { type Statement, tokensOf } from '../../statements/index.ts'
import type { Hazard, JudgedMigration } from '../hazard.ts'
import type { Edit } from '../rewrite-result.ts'

/** A hazard whose statement was moved, and the edits that move it. */
export interface MovedStep {
  readonly hazard: Hazard
  readonly edits: readonly Edit[]
  readonly done: string
}

const DONE = 'The value is added before the BEGIN, and so committed before it is used.'

/**
 * Moves each enum value that is used in the same BEGIN … COMMIT that adds it to its
 * own statement before the BEGIN.
 */
export function enumSteps(
  { sql, statements }: JudgedMigration,
  hazards: readonly Hazard[],
): MovedStep[] {
  return hazards.flatMap((hazard): MovedStep[] => {
    if (hazard.id !== 'enum-value-used') return []
    const statement = statements.find(({ number }) => number === hazard.statement)
    const begin = statement && beginOf(statements, statement)
    if (!begin || isMadeBetween(statements, begin, statement)) return []
    const { start } = statement
    // A comment before the semicolon stays where it is.
    const end = start + (tokensOf(statement.text).at(-1)?.end ?? 0)
    const [behind = ''] = /^\s*;[^\S\n]*(?:\r?\n)?/.exec(sql.slice(end)) ?? []
    const edits = [
      { start: begin.start, end: begin.start, text: `${sql.slice(start, end)};\n\n` },
      { start, end: end + behind.length, text: '' },
    ]
    return [{ hazard, edits, done: DONE }]
  })
}

/** The BEGIN of the block of a statement. */
function beginOf(statements: readonly Statement[], { number }: Statement): Statement | undefined {
  return statements.findLast(({ role, number: before }) => before < number && role.kind === 'begin')
}

/** Whether the block itself creates the type or gives it its name, so that it does not exist before the block. */
function isMadeBetween(
  statements: readonly Statement[],
  begin: Statement,
  { number, actions }: Statement,
): boolean {
  const names = actions.flatMap((action) =>
    action.kind === 'add-enum-value' ? [action.type.name] : [],
  )
  return statements
    .filter((one) => one.number > begin.number && one.number < number)
    .some((one) =>
      one.actions.some(
        (action) =>
          (action.kind === 'create-enum' && names.includes(action.type.name)) ||
          (action.kind === 'rename' && action.of === 'type' && names.includes(action.to)),
      ),
    )
}
