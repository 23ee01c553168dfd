import { generateClient, type GenerateOutcome } from '../create/index.ts'
import { deploy, type Recorded } from '../deploy/index.ts'
import type { Receipt } from '../execution/index.ts'
import { attempt } from '../kernel/index.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { createFrom, type CreateOptions, type CreateResult, type NamedMigration } from './create.ts'
import { deployedHazards } from './hazard-findings.ts'
import type { UseCaseReturn } from './outcome.ts'
import type { SeededSetResult } from './seed-result.ts'
import { SEEDS_SKIPPED, seedAfterDeploy } from './seed.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** Options of `dev`. */
export interface DevOptions extends ConsentOptions, CreateOptions, NamedMigration {
  /** Do not run the seed sets of the environment. */
  readonly noSeed?: boolean | undefined
}

/** The migration that was written, and what was applied, generated and seeded. */
export interface DevResult extends CreateResult, TargetResult {
  readonly receipts: readonly Receipt[]
  readonly recorded: readonly Recorded[]
  readonly verified: boolean | null
  /** Null if the deploy or `prisma generate` failed. */
  readonly generated: GenerateOutcome | null
  readonly seeds: readonly SeededSetResult[] | null
}

/** Writes a migration if the schema has changed, applies pending ones, generates the client, runs seeds. */
export async function develop(
  context: AppContext,
  asked: DevOptions,
): Promise<UseCaseReturn<DevResult>> {
  const before = await readWork(context, { mayLackMigrations: true })
  await requirePolicyConsent(context, before, { ...asked, words: ['dev'] })
  const created = await createFrom(context, before, asked)
  const work = await readWork(context, { mayLackMigrations: true })
  const request = await workRequest(context, work)
  const consent = consentFrom(context, asked)
  const outcome = await deploy({ ...request, consent, acceptDrift: false })
  const { database, receipts, recorded, verification, failure } = outcome
  const { root, schema } = work.project
  // A failure must not lose the result: the migration is written and applied.
  const generated = failure
    ? undefined
    : await attempt(() =>
        generateClient({
          root,
          files: schema.files,
          schema: context.names.schema,
          env: context.env,
        }),
      )
  const unfinished = failure ?? (generated?.ok === false ? generated.failure : undefined)
  const seeded =
    unfinished || asked.noSeed ? SEEDS_SKIPPED : await seedAfterDeploy(context, work, asked)
  return {
    result: {
      ...created,
      ...targetResult(work, database),
      receipts,
      recorded,
      verified: verification?.verified ?? null,
      generated: generated?.ok ? generated.value : null,
      seeds: seeded.seeds,
    },
    findings: [...deployedHazards(outcome, []), ...seeded.findings],
    failure: unfinished ?? seeded.failure,
  }
}
