import { applyAction, type DatabaseSchema } from '../../schema/index.ts'
import {
  type Action,
  type AlterTableText,
  alterTableText,
  hasComment,
  isSameObject,
  type Statement,
  tokensOf,
} from '../../statements/index.ts'
import type { Hazard } from '../hazard.ts'
import { columnObject } from '../names.ts'
import { requiredColumnOf } from '../not-null.ts'
import { type Form, none, type Site } from './form.ts'
import { formOf, idsOf } from './forms.ts'

/** A hazard with its safe form, or the reason why there is none. */
export interface Verdict {
  readonly hazard: Hazard
  readonly form: Form
}

/** The result of rewriting a statement. */
export interface RewrittenStatement {
  readonly verdicts: readonly Verdict[]
  /** The statements that replace it, without their semicolons; absent if it stays unchanged. */
  readonly steps?: readonly string[]
  /** Where its text ends. At most a comment follows. */
  readonly end: number
}

/** What is known before a statement. */
export interface StatementSite {
  readonly schema: DatabaseSchema
  readonly migration: string
  /** The unaccepted hazards of the statement. */
  readonly hazards: readonly Hazard[]
}

/** Rewrites a statement to steps with the same effect that avoid those of its hazards that have a safe form. */
export function rewriteStatement(statement: Statement, site: StatementSite): RewrittenStatement {
  const length = tokensOf(statement.text).at(-1)?.end ?? statement.text.length
  const text = statement.text.slice(0, length)
  const end = statement.start + length
  const alter = alterTableText(text)
  const parts = partsOf({ ...statement, text }, alter, site)
  const verdicts = parts.flatMap(({ hazards, form }) => hazards.map((hazard) => ({ hazard, form })))
  if (!parts.some(({ form }) => form?.kind === 'steps')) return { verdicts, end }
  return { verdicts, end, steps: stepsOf(parts, alter) }
}

/** An action of a statement. */
interface Part {
  readonly text: string
  readonly hazards: readonly Hazard[]
  readonly form: Form
}

function partsOf(
  statement: Statement,
  alter: AlterTableText | undefined,
  { schema: before, migration, hazards }: StatementSite,
): Part[] {
  // A DROP INDEX with several indexes is rewritten as a whole.
  const actions = alter ? statement.actions : statement.actions.slice(0, 1)
  const refusal = alter && whyWhole(statement, alter)
  let schema = before
  let rest = hazards
  return actions.map((action, index) => {
    const own = alter ? firstOfEach(rest, action, schema) : ofAll(rest, action)
    rest = rest.filter((one) => !own.includes(one))
    const part = alter?.parts[index] ?? statement.text
    const site: Site = {
      schema,
      statement,
      text: statement.text,
      ...(alter ? { alter: { ...alter, part } } : {}),
    }
    schema = applyAction(schema, action, migration)
    return { text: part, hazards: own, form: refusal ?? safeForm(action, own, site) }
  })
}

function ofAll(hazards: readonly Hazard[], action: Action): Hazard[] {
  return hazards.filter(({ id }) => idsOf(action).includes(id))
}

/** Hazards are in the order of their parts, so the first remaining hazard with an id belongs to this part. */
function firstOfEach(hazards: readonly Hazard[], action: Action, schema: DatabaseSchema): Hazard[] {
  const column = requiredColumnOf(action)
  return idsOf(action).flatMap((wanted) => {
    const found = hazards.find(({ id, object }) => {
      if (id !== wanted) return false
      if (column === undefined || !('table' in action) || !action.table) return true
      return isSameObject(object, columnObject({ schema }, action.table, column))
    })
    return found ?? []
  })
}

const AS_IT_IS = none('It is safe as it is.')

function safeForm(action: Action, hazards: readonly Hazard[], site: Site): Form {
  return hazards.length === 0 ? AS_IT_IS : formOf(action, site)
}

/** Why the parts of an ALTER TABLE cannot be separated. */
function whyWhole({ text, actions }: Statement, { parts }: AlterTableText): Form | undefined {
  if (parts.length !== actions.length)
    return none('The parts of the statement cannot be separated.')
  if (parts.length === 1 || !hasComment(text)) return undefined
  return none('A comment inside the statement would be lost. Split the statement first.')
}

/** The statements of all parts, in order. Consecutive unchanged parts stay in one statement. */
function stepsOf(parts: readonly Part[], alter: AlterTableText | undefined): string[] {
  const steps: string[] = []
  let together: string[] = []
  const close = () => {
    if (alter && together.length > 0) steps.push(`${alter.head} ${together.join(',\n')}`)
    together = []
  }
  for (const { text, form } of parts) {
    if (form.kind === 'none') together.push(text)
    else {
      close()
      steps.push(...form.steps)
    }
  }
  close()
  return steps
}
