import { command } from '../kernel/index.ts'
import type {
  Decision,
  Diagnosis,
  EditedProblem,
  FailedProblem,
  MissingProblem,
  Problem,
} from './diagnosis.ts'
import { raise } from './failures.ts'
import { decisionArgs } from './offers.ts'

/** The problem that a decision is about. Fails with REPAIR.NOT_OFFERED if there is none, or more than one. */
export function chosenProblem<Kind extends 'failed' | 'missing'>(
  diagnosis: Diagnosis,
  decision: Decision,
  kinds: readonly Kind[],
): Extract<FailedProblem | MissingProblem, { kind: Kind }> {
  const fitting = fittingProblems(diagnosis, decision, kinds)
  const [problem, ...others] = fitting
  if (problem && others.length === 0)
    return problem as Extract<FailedProblem | MissingProblem, { kind: Kind }>
  return raise('REPAIR.NOT_OFFERED', {
    message: `Which migration do you mean? ${fitting.map(({ migration }) => migration).join(', ')}.`,
    why: 'Several migrations have this problem, and each needs its own decision.',
    nextActions: fitting.map(({ migration }) =>
      command(['repair', ...decisionArgs(decision), migration], `decide on ${migration}`),
    ),
  })
}

/** The migrations whose rows a decision is about: the named one, or all. */
export function chosenDuplicates(diagnosis: Diagnosis, decision: Decision): readonly string[] {
  return fittingProblems(diagnosis, decision, ['duplicated']).map(({ migration }) => migration)
}

/** The edits that a decision accepts: the named one, or all. Fails with REPAIR.EDIT_MATTERS. */
export function chosenEdits(
  diagnosis: Diagnosis,
  decision: Extract<Decision, { kind: 'accept-edit' }>,
): EditedProblem[] {
  const edits = fittingProblems(diagnosis, decision, ['edited']) as EditedProblem[]
  const mattering = edits.find(({ text }) => text !== 'harmless')
  if (!decision.harmlessOnly || !mattering) return edits
  const { migration, text } = mattering
  return raise('REPAIR.EDIT_MATTERS', {
    message:
      text === 'differs'
        ? `${migration} was edited in more than comments and white space.`
        : `Slipway cannot tell whether the edit of ${migration} matters: version control does not have the applied text.`,
    nextActions: [
      {
        kind: 'advice',
        label: `Restore the applied text of ${migration}, and put the change into a new migration.`,
      },
      command(['repair', '--accept-edit', migration], 'record the file as it is now'),
    ],
  })
}

function fittingProblems(
  diagnosis: Diagnosis,
  decision: Decision,
  kinds: readonly Problem['kind'][],
): Problem[] {
  const { problems, database } = diagnosis
  const fitting = problems.filter(
    ({ kind, migration }) =>
      kinds.includes(kind) &&
      (decision.migration === undefined || migration === decision.migration),
  )
  if (fitting.length > 0) return fitting
  const what =
    problems.length === 0
      ? 'There is nothing to repair'
      : 'This decision does not apply to any problem'
  return raise('REPAIR.NOT_OFFERED', {
    message: `${what}${decision.migration === undefined ? '' : ` of ${decision.migration}`} on ${database}.`,
    nextActions: [command(['repair'], 'see what is wrong, and the options')],
  })
}
