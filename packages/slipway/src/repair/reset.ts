import type { Session } from '../database/index.ts'
import {
  confirmedCommand,
  type Consent,
  deploy,
  type DeployOutcome,
  type Destroyed,
  destroyedText,
  refuseConfiguredEnvironment,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import { command } from '../kernel/index.ts'
import { isLeft, type Kept, keptData, readKept } from '../safekeeping/index.ts'
import { dropAll } from './dialects.ts'
import { raise } from './failures.ts'

/** A request to drop everything that the project has in a database, and to deploy it again. */
export interface ResetRequest extends WorkRequest {
  readonly consent: Consent
}

/** What a reset did: the schemas that were emptied or dropped, and the deploy after it. */
export interface ResetOutcome {
  readonly database: string
  readonly dropped: readonly string[]
  /** Kept data that was dropped. */
  readonly droppedKept: readonly Kept[]
  readonly deploy: DeployOutcome
}

const OPEN_ENVIRONMENTS = new Set(['development', 'testing'])

/**
 * Drops everything that the project has in a database, including history, ledger and kept data, and deploys all
 * migrations again. Kept data belongs to the dropped history, so it is named before anything is dropped. Objects of
 * other applications stay, and so do the default schema itself and extensions that no migration creates. Only for
 * development, testing and embedded databases (REPAIR.RESET_REFUSED, and no flag changes that); on a server it needs
 * consent by the name of the database.
 */
export async function reset(request: ResetRequest): Promise<ResetOutcome> {
  refuseProtected(request)
  // Compared once, here: neither before this change of the target nor before the deploy to what it leaves.
  const compared = { ...request, stricter: [] }
  const dropped = await withTarget(compared, async (session, target) => {
    await refuseConfiguredEnvironment(session, request)
    const droppedKept = (await readKept(session)).filter(isLeft)
    const destroys: readonly Destroyed[] = [
      { what: 'project' },
      ...droppedKept.flatMap(keptData).map((one) => ({ what: 'kept-data' as const, data: [one] })),
    ]
    if (droppedKept.length > 0)
      request.emit({ kind: 'notice', message: `This drops ${listed(destroys)}.` })
    await requireName(session, { ...request, destroys })
    const schemas = await dropAll(target, request)
    return { database: session.server.database, dropped: schemas, droppedKept }
  })
  return { ...dropped, deploy: await deploy({ ...compared, acceptDrift: false }) }
}

function refuseProtected({ address, environment, protected: isProtected }: ResetRequest): void {
  if (address.kind === 'embedded') return
  if (!isProtected && OPEN_ENVIRONMENTS.has(environment)) return
  raise('REPAIR.RESET_REFUSED', {
    message: `Slipway does not reset the environment ${environment}.`,
    why: 'A reset destroys all data. It works only on development, testing and embedded databases, and no flag overrides that.',
    nextActions: [command(['repair'], 'resolve a failed migration and keep the data')],
  })
}

/** Even a database without protection needs its name: `DATABASE_URL` may point somewhere unexpected. */
async function requireName(
  session: Session,
  { address, consent, destroys }: ResetRequest & { readonly destroys: readonly Destroyed[] },
): Promise<void> {
  const { database, alias } = session.server
  if (address.kind === 'embedded') return
  if (consent.confirm !== undefined && [database, alias].includes(consent.confirm)) return
  if (consent.confirm === undefined && consent.ask) {
    if (await consent.ask({ database, destroys })) return
    raise('REPAIR.RESET_DECLINED', { message: `Declined. Nothing was changed on ${database}.` })
  }
  raise('REPAIR.RESET_NOT_CONFIRMED', {
    message:
      consent.confirm === undefined
        ? `A reset drops ${listed(destroys)} in ${database}.`
        : `The name given with --confirm does not match the database, ${database}.`,
    why: 'It must be confirmed with the database name.',
    nextActions: [
      confirmedCommand(['reset'], database),
      ...(destroys.length > 1 ? [command(['kept', 'list'], 'see what is kept')] : []),
    ],
  })
}

function listed(destroys: readonly Destroyed[]): string {
  const things = destroys.map(destroyedText)
  const more = things.length > 4 ? [`${things.length - 3} more`] : []
  const named = [...things.slice(0, more.length > 0 ? 3 : 4), ...more]
  const last = named.at(-1) ?? ''
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${last}` : last
}
