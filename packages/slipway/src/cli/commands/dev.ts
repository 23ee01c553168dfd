import { generateClient, type GenerateOutcome } from '../../create/index.ts'
import { deploy } from '../../deploy/index.ts'
import { type Handler, report } from '../command.ts'
import { createFrom, creationBlocks, creationResult } from '../creation.ts'
import { failedWork } from '../failed-work.ts'
import { deployedHazards } from '../hazard-findings.ts'
import { receiptLines, recordedLines } from '../receipts-view.ts'
import { failedSeeds, seedBehind } from '../seeding.ts'
import { type Block, status } from '../view.ts'
import { consentOf, readWork, requirePolicyConsent, workRequest } from '../work.ts'

export const dev: Handler = async (context, { args, flags }) => {
  const before = await readWork(context, { mayLackMigrations: true })
  await requirePolicyConsent(context, before)
  const created = await createFrom(context, before, { flags, name: args[0] ?? 'change' })
  const work = await readWork(context, { mayLackMigrations: true })
  const request = await workRequest(context, work)
  const outcome = await deploy({ ...request, consent: consentOf(context), acceptDrift: false })
  const { database, receipts, verification, failure } = outcome
  const { root, schema } = work.project
  const generated: GenerateOutcome | null = failure
    ? null
    : await generateClient({
        root,
        files: schema.files,
        schema: context.target.schema,
        env: context.env,
      })
  const seeded = await seedBehind(context, work, { flags, deployed: !failure })
  const result = {
    ...creationResult(created),
    environment: work.target.environment,
    database,
    receipts,
    verified: verification?.verified ?? null,
    generated,
    seeds: seeded.seeds,
  }
  const view = [
    ...creationBlocks(created, context.cwd),
    ...recordedLines(outcome.recorded),
    ...receiptLines(receipts, 'Applied'),
    ...generatedBlocks(generated),
    ...seeded.view,
  ]
  const findings = [...deployedHazards(outcome, []), ...seeded.findings]
  const ended = failure ? failedWork(outcome) : failedSeeds(seeded)
  return report(result, view, { findings, ...ended })
}

function generatedBlocks(generated: GenerateOutcome | null): Block[] {
  if (generated === null) return []
  if (generated.kind === 'generated') return [status('done', 'Generated the client')]
  return [status('note', 'No client was generated', generated.reason)]
}
