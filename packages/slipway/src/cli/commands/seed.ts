import { withSession } from '../../database/index.ts'
import { prepareBooks, withTarget } from '../../deploy/index.ts'
import { schemaNames } from '../../project/index.ts'
import {
  chooseSets,
  projectSeedSets,
  readSeedLedger,
  seedStatus as compareSets,
  verifySeeds,
} from '../../seeds/index.ts'
import { type Context, type Handler, type Input, report, type Report } from '../command.ts'
import {
  editedFindings,
  outcomeBlocks,
  outcomeResults,
  seedFindings,
  statusBlocks,
  statusResults,
} from '../seed-view.ts'
import { environmentSeeds, seedTarget } from '../seeding.ts'
import { status } from '../view.ts'
import {
  directAddress,
  placeOf,
  readWork,
  requirePolicyConsent,
  type Work,
  workRequest,
} from '../work.ts'

export const seedRun: Handler = async (context, input) =>
  await run(context, await readWork(context), input)

export const seedStatus: Handler = async (context) => await standing(await readWork(context))

export const seedVerify: Handler = async (context, input) =>
  await verify(context, await readWork(context), input)

async function run(context: Context, work: Work, { flags }: Input): Promise<Report> {
  const dryRun = flags.on('dry-run')
  if (!dryRun) await requirePolicyConsent(context, work)
  return await withTarget(await workRequest(context, work), async (session) => {
    if (!dryRun) await prepareBooks(session)
    const names = flags.list('set')
    const outcomes = await seedTarget(context, work, session, { names, dryRun })
    const { database } = session.server
    const { environment } = work.target
    const result = { environment, database, dryRun, sets: outcomeResults(outcomes, dryRun) }
    const place = placeOf(work, database)
    return report(result, outcomeBlocks(outcomes, { place, dryRun }), {
      findings: editedFindings(outcomes),
    })
  })
}

async function standing(work: Work): Promise<Report> {
  const sets = await projectSeedSets(work.project)
  const options = { applicationName: 'slipway seed' }
  return await withSession(await directAddress(work), options, async (session) => {
    const standings = compareSets(sets, await readSeedLedger(session), environmentSeeds(work))
    const { database } = session.server
    const { environment } = work.target
    const result = { environment, database, sets: statusResults(standings) }
    return report(result, statusBlocks(standings, placeOf(work, database)))
  })
}

async function verify(context: Context, work: Work, { flags }: Input): Promise<Report> {
  const all = await projectSeedSets(work.project)
  const of = environmentSeeds(work)
  const sets = chooseSets(all, flags.list('set'), of)
  const options = { applicationName: 'slipway seed' }
  return await withSession(await directAddress(work), options, async (session) => {
    const names = schemaNames(work.project.schema.files)
    const found = await verifySeeds(session, { sets, names, emit: context.emit })
    const records = await readSeedLedger(session)
    const standings = compareSets(sets, records, of)
    const { database } = session.server
    const { environment } = work.target
    const result = { environment, database, sets: statusResults(standings), differences: found }
    const findings = seedFindings(found)
    const whole =
      found.length === 0
        ? [
            status(
              'done',
              `All rows of ${sets.map(({ name }) => name).join(', ') || 'no set'} are there and equal`,
            ),
          ]
        : []
    return report(result, [...statusBlocks(standings, placeOf(work, database)), ...whole], {
      findings,
      ...(found.length > 0 ? { exitCode: 4 as const } : {}),
    })
  })
}
