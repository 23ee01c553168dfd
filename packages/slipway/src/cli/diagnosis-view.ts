import { assertNever } from '../kernel/index.ts'
import { describeStop, type Diagnosis, type Offer, type Problem } from '../repair/index.ts'
import { objectText } from '../statements/index.ts'
import type { Finding } from './command.ts'
import { type Block, heading, paragraph, sql, status } from './view.ts'

/** What is wrong with a target, in full, and what each offer would run. */
export function diagnosisBlocks(
  { database, problems }: Diagnosis,
  commandLine: (args: readonly string[]) => string,
): Block[] {
  if (problems.length === 0) return [status('done', `Nothing is to be repaired on ${database}`)]
  return problems.flatMap((problem) => [
    heading(problem.migration),
    paragraph(describeProblem(problem)),
    ...(problem.kind === 'failed' ? failedBlocks(problem) : []),
    ...problem.offers.flatMap((offer) => offerBlocks(offer, commandLine(offer.args))),
  ])
}

/** The same as findings: each counts. */
export function diagnosisFindings({ problems }: Diagnosis): Finding[] {
  return problems.map((problem) => ({
    id: `migration-${problem.kind}`,
    severity: 'error',
    message: `${problem.migration}: ${describeProblem(problem)}`,
  }))
}

function describeProblem(problem: Problem): string {
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
      const text = found.same ? 'with the applied text' : 'with another text'
      return `It is applied, and the project does not have it; ${found.branch ?? found.commit} has it, ${text}: ${found.restore}`
    }
    default:
      return assertNever(problem)
  }
}

const EDITS = {
  harmless: 'in comments and white space alone',
  differs: 'in more than comments and white space',
  'old-text-unknown': 'how, cannot be told, for version control does not have the applied text',
} as const

function catalogText(catalog: Extract<Problem, { kind: 'edited' }>['catalog']): string {
  switch (catalog.kind) {
    case 'equal':
      return '; the database is what the file gives now'
    case 'differs':
      return `; the database differs from what it gives now in ${catalog.changes.map(({ object }) => objectText(object)).join(', ')}`
    case 'unknown':
      return ''
  }
}

function failedBlocks({
  invalidIndexes,
  editedSince,
  failsOnShadow,
}: Extract<Problem, { kind: 'failed' }>): Block[] {
  return [
    ...invalidIndexes.map((name) =>
      status('warning', `Index ${name} is not valid: its build broke off`),
    ),
    ...(editedSince ? [status('warning', 'The file was edited since it began')] : []),
    ...(failsOnShadow
      ? [
          status(
            'warning',
            `Statement ${failsOnShadow.statement} fails on a shadow database too`,
            failsOnShadow.message,
          ),
        ]
      : []),
  ]
}

/** What an offer would run, and what it cannot promise; its name and label stand among what to do next. */
function offerBlocks({ sql: text, warnings }: Offer, command: string): Block[] {
  return [
    ...(text ? [paragraph(`\`${command}\` would run:`), sql(text)] : []),
    ...warnings.map((warning) => status('warning', warning, command)),
  ]
}
