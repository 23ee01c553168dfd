import { assertNever } from '../kernel/index.ts'
import { objectText } from '../statements/index.ts'
import { describeStop, type EditedProblem, type Problem } from './diagnosis.ts'

/** A sentence about what is wrong with a migration. */
export function describeProblem(problem: Problem): string {
  switch (problem.kind) {
    case 'failed': {
      const done = problem.direction === 'up' ? 'being applied' : 'being rolled back'
      return `It was ${done}: ${describeStop(problem.stop)}.`
    }
    case 'edited':
      return `It was edited after it was applied: ${EDITS[problem.text]}${catalogText(problem.catalog)}.`
    case 'missing': {
      const { found } = problem
      if (!found) return 'It is applied, and neither the project nor version control has it.'
      const text = found.same ? 'with the applied text' : 'with a different text'
      return `It is applied, and the project does not have it; ${found.branch ?? found.commit} has it, ${text}: ${found.restore}`
    }
    case 'duplicated':
      return 'The history records it as applied more than once: two deploys ran at the same time, or the table was edited by hand.'
    default:
      return assertNever(problem)
  }
}

const EDITS = {
  harmless: 'only in comments and white space',
  differs: 'in more than comments and white space',
  'old-text-unknown':
    'the changes are unknown, because version control does not have the applied text',
} as const

function catalogText(catalog: EditedProblem['catalog']): string {
  switch (catalog.kind) {
    case 'equal':
      return '; the database matches the file'
    case 'differs':
      return `; the database differs from the file in ${catalog.changes.map(({ object }) => objectText(object)).join(', ')}`
    case 'unknown':
      return ''
  }
}
