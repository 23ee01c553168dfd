import { describeProblem, type Diagnosis, type Offer, type Problem } from '../repair/index.ts'
import { type Block, heading, paragraph, sql, status } from './view.ts'

interface Shown {
  /** The database, as text. */
  readonly place: string
  readonly commandLine: (args: readonly string[]) => string
}

/** What is wrong with a target, in full, and what each offer would run. */
export function diagnosisBlocks({ problems }: Diagnosis, { place, commandLine }: Shown): Block[] {
  if (problems.length === 0) return [status('done', `Nothing to repair on ${place}`)]
  return problems.flatMap((problem) => [
    heading(problem.migration),
    paragraph(describeProblem(problem)),
    ...(problem.kind === 'failed' ? failedBlocks(problem) : []),
    ...problem.offers.flatMap((offer) => offerBlocks(offer, commandLine(offer.args))),
  ])
}

function failedBlocks({
  invalidIndexes,
  editedSince,
  failsOnShadow,
}: Extract<Problem, { kind: 'failed' }>): Block[] {
  return [
    ...invalidIndexes.map((name) =>
      status('warning', `Index ${name} is not valid: its build was interrupted`),
    ),
    ...(editedSince ? [status('warning', 'The file was edited after the migration began')] : []),
    ...(failsOnShadow
      ? [
          status(
            'warning',
            `Statement ${failsOnShadow.statement} also fails on a shadow database`,
            failsOnShadow.message,
          ),
        ]
      : []),
  ]
}

/** What an offer would run, and its warnings; its name and label are among the next actions. */
function offerBlocks({ sql: text, warnings }: Offer, command: string): Block[] {
  return [
    ...(text ? [paragraph(`\`${command}\` would run:`), sql(text)] : []),
    ...warnings.map((warning) => status('warning', warning, command)),
  ]
}
