import { generateClient, type GenerateOutcome } from '../create/index.ts'
import { deploy, type Recorded } from '../deploy/index.ts'
import type { Receipt } from '../execution/index.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { createFrom, type CreateOptions, type CreateResult } from './create.ts'
import { deployedHazards } from './hazard-findings.ts'
import type { Ended } from './outcome.ts'
import type { SeededSetResult } from './seed-result.ts'
import { NOT_SEEDED, seedAfterDeploy } from './seed.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** What `dev` is given. */
export interface DevOptions extends ConsentOptions, CreateOptions {
  /** Name of the migration; `change` if absent. */
  readonly name?: string | undefined
  /** Do not run the seed sets of the environment. */
  readonly noSeed?: boolean | undefined
}

/** What was written, applied, generated and seeded. */
export interface DevResult extends CreateResult, TargetResult {
  readonly receipts: readonly Receipt[]
  readonly recorded: readonly Recorded[]
  readonly verified: boolean | null
  /** Nothing if the deploy failed. */
  readonly generated: GenerateOutcome | null
  readonly seeds: readonly SeededSetResult[] | null
}

/** Writes a migration where the schema asks for one, applies what is pending, generates the client, seeds. */
export async function develop(context: AppContext, asked: DevOptions): Promise<Ended<DevResult>> {
  const before = await readWork(context, { mayLackMigrations: true })
  await requirePolicyConsent(context, before, asked)
  const created = await createFrom(context, before, { ...asked, name: asked.name ?? 'change' })
  const work = await readWork(context, { mayLackMigrations: true })
  const request = await workRequest(context, work)
  const consent = consentFrom(context, asked)
  const outcome = await deploy({ ...request, consent, acceptDrift: false })
  const { database, receipts, recorded, verification, failure } = outcome
  const { root, schema } = work.project
  const generated: GenerateOutcome | null = failure
    ? null
    : await generateClient({
        root,
        files: schema.files,
        schema: context.names.schema,
        env: context.env,
      })
  const seeded = failure || asked.noSeed ? NOT_SEEDED : await seedAfterDeploy(context, work, asked)
  return {
    result: {
      ...created,
      ...targetResult(work, database),
      receipts,
      recorded,
      verified: verification?.verified ?? null,
      generated,
      seeds: seeded.seeds,
    },
    findings: [...deployedHazards(outcome, []), ...seeded.findings],
    failure: failure ?? seeded.failure,
  }
}
