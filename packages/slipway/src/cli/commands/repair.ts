import {
  type Diagnosis,
  examine,
  nextActions,
  repair as run,
  type RepairOutcome,
} from '../../repair/index.ts'
import { objectText } from '../../statements/index.ts'
import { type Context, type Handler, report, type Report } from '../command.ts'
import { askDecision, decisionOf } from '../decision.ts'
import { diagnosisBlocks, diagnosisFindings } from '../diagnosis-view.ts'
import { receiptLines } from '../receipts-view.ts'
import { renderHuman } from '../render/human.ts'
import { styleFor } from '../render/style.ts'
import { status } from '../view.ts'
import { consentOf, readWork, requirePolicyConsent, workRequest } from '../work.ts'

export const repair: Handler = async (context, input) => {
  const given = decisionOf(input)
  const work = await readWork(context, { downMigrations: true })
  const { migrations, project } = work
  const request = {
    ...(await workRequest(context, work)),
    migrations,
    migrationsDir: project.migrationsDir,
  }
  const diagnosis = given ? undefined : await examine(request)
  if (diagnosis && (diagnosis.problems.length === 0 || !context.prompt.interactive))
    return findings(diagnosis, context)
  if (diagnosis)
    context.stderr.write(
      renderHuman(diagnosisBlocks(diagnosis, context.commandLine), {
        style: styleFor(context.stderr, context.env),
      }),
    )
  const decision = given ?? (diagnosis && (await askDecision(context, diagnosis)))
  if (!decision) return diagnosis ? findings(diagnosis, context) : report({}, [])
  await requirePolicyConsent(context, work)
  return done(await run({ ...request, consent: consentOf(context) }, decision), context)
}

/** A look without a decision: what is wrong counts, and its offers are what to do next. */
function findings(diagnosis: Diagnosis, { commandLine }: Context): Report {
  return report(
    {
      diagnosis: withCommands(diagnosis, commandLine),
      decision: null,
      receipts: [],
      verified: null,
    },
    diagnosisBlocks(diagnosis, commandLine),
    {
      findings: diagnosisFindings(diagnosis),
      findingsInView: true,
      next: nextActions(diagnosis),
    },
  )
}

function done(
  { database, diagnosis, decision, receipts, verified, changes, failure }: RepairOutcome,
  { commandLine }: Context,
): Report {
  const view = [
    ...receiptLines(receipts, decision.kind === 'undo' ? 'Rolled back' : 'Applied'),
    ...(failure
      ? []
      : [status(verified ? 'done' : 'warning', `Repaired ${database}: ${decision.kind}`)]),
    ...changes.map(({ change, object }) => status('warning', `${objectText(object)} is ${change}`)),
  ]
  return report(
    {
      database,
      diagnosis: withCommands(diagnosis, commandLine),
      decision,
      receipts,
      verified,
      changes,
    },
    view,
    failure ? { failure } : {},
  )
}

/** A diagnosis for scripts: each offer with its command as text. */
function withCommands(diagnosis: Diagnosis, commandLine: Context['commandLine']) {
  const problems = diagnosis.problems.map(({ offers, ...problem }) => ({
    ...problem,
    offers: offers.map((offer) => ({ ...offer, command: commandLine(offer.args) })),
  }))
  return { ...diagnosis, problems }
}
