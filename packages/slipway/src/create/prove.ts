import {
  type Catalog,
  type Change,
  difference,
  inventoryOf,
  type CatalogReader,
} from '../catalog/index.ts'
import type { Address, Session } from '../database/index.ts'
import type { Failure } from '../kernel/index.ts'
import { checksum, parseStatements } from '../migration/index.ts'
import {
  FIRST_START,
  rehearse,
  type Rehearsal,
  type ReplayMigration,
  type Start,
  type Stop,
  type Trace,
  type Withheld,
} from '../rehearsal/index.ts'
import type { Grade } from './down-file.ts'
import { overwrittenColumns } from './loss.ts'
import { type KeepingProof, proveKeeping } from './prove-keeping.ts'
import { draftWayBack, lossesAfter } from './way-back.ts'

/** The record of a rehearsal. Plain JSON: it can be stored beside the migration. */
export interface Proof {
  readonly migration: string
  /** SHA-256 of both files; it is a proof of these alone. */
  readonly checksums: { readonly up: string; readonly down: string }
  readonly scratch: { readonly kind: 'postgres' | 'embedded'; readonly version: string }
  /** What the two files do by themselves; absent where the schema does not come back. */
  readonly grade?: Grade
  /** What they do where a deploy keeps what the migration destroys; absent where nothing is lost. */
  readonly kept?: KeepingProof
  /** Up, down and up again went as they should, on rows. */
  readonly proven: boolean
  /** Why it is not proven, in sentences. */
  readonly reasons: readonly string[]
  /** Rows that it refuses, in sentences: it was proven on others. */
  readonly conditions: readonly string[]
  readonly schemaEqual: boolean
  readonly rowsEqual: boolean
  /** Data that the way back does not bring: `column public.users.email`. */
  readonly lost: readonly string[]
  /** Tables in which rows that the migration wrote stay behind. */
  readonly left: readonly string[]
  /** Generated rows, and the tables that took none. */
  readonly rows: number
  readonly emptyTables: readonly string[]
  readonly upMs: number
  readonly downMs: number
  /** What the migration changes of the catalog. */
  readonly changes: readonly Change[]
  readonly statements: Trace['statements']
  readonly locks: Trace['locks']
  readonly rewrites: Trace['rewrites']
  readonly scans: Trace['scans']
  /** Statements whose locks cannot be read, for they run outside a transaction. */
  readonly unseen: Trace['unseen']
}

/** The grade of a migration as Slipway deploys it. */
export function gradeOf({ grade, kept }: Proof): Grade | 'lossless (kept)' | undefined {
  return kept?.grade ?? grade
}

/** Hands `work` a scratch that holds the history before the migration; a fresh one each time. */
export type OnScratch = <T>(work: (session: Session, address?: Address) => Promise<T>) => Promise<T>

export interface ProveOptions {
  readonly migration: ReplayMigration
  /** The `down.sql`; written from the catalogs where absent. */
  readonly down?: ReplayMigration | undefined
  /** Reads of a scratch what the proof is about. */
  readonly catalogs: (session: Session) => Promise<CatalogReader>
}

/**
 * Proves a migration: up, down, up again, on generated rows, with catalogs and rows compared. One scratch is
 * enough, unless rows stop a migration that has committed part of itself. Fails with REHEARSAL.REPLAY_FAILED
 * where the migration does not run.
 */
export async function prove(onScratch: OnScratch, options: ProveOptions): Promise<Proof> {
  let start = FIRST_START
  for (;;) {
    const found = await onScratch((session, address) =>
      proveOn(session, { ...options, address }, start),
    )
    if (found.kind === 'proof') return found.proof
    start = found.from
  }
}

type Proven =
  | { readonly kind: 'proof'; readonly proof: Proof }
  | { readonly kind: 'start-over'; readonly from: Start }

async function proveOn(
  session: Session,
  options: ProveOptions & { readonly address: Address | undefined },
  start: Start,
): Promise<Proven> {
  const { migration, address } = options
  const catalogs = await options.catalogs(session)
  const before = options.down ? await catalogs.facts() : await catalogs.whole()
  const write = async (after: Catalog) => ({
    name: `${migration.name}/down.sql`,
    sql: (await draftWayBack(session, { before, after: async () => after, migration })).body,
  })
  const down = options.down ?? write
  const found = await rehearse(session, { before, migration, down, catalogs, address }, start)
  if (found.kind === 'start-over') return found
  const proof = await proofOf(session, { migration, before, rehearsal: found.rehearsal })
  return { kind: 'proof', proof }
}

interface Rehearsed {
  readonly migration: ReplayMigration
  readonly before: Catalog
  readonly rehearsal: Rehearsal
}

/** What a rehearsal proves; a lossy migration is run once more. */
async function proofOf(
  session: Session,
  { migration, before, rehearsal }: Rehearsed,
): Promise<Proof> {
  const statements = parseStatements(migration.sql)
  const losses = lossesAfter({
    before: inventoryOf(before),
    after: inventoryOf(rehearsal.after),
    statements,
  })
  const schemaEqual = rehearsal.downFails?.onEmpty !== false && rehearsal.notRestored.length === 0
  const overwritten = overwrittenColumns(inventoryOf(before), statements).filter(
    (column) => !comesBack(column, rehearsal),
  )
  const lost = lostData([...losses, ...overwritten], rehearsal.rows.lost)
  const grade = gradeOfFiles(rehearsal, lost)
  const { trace, filling, withheld, down, downMs, rows } = rehearsal
  const kept = mayKeep(rehearsal, grade)
    ? await proveKeeping(session, { migration, down, filling, lost, withheld })
    : undefined
  const reasons = reasonsOf(rehearsal, kept)
  const { kind, server } = session
  return {
    migration: migration.name,
    checksums: { up: checksum(migration.sql), down: checksum(down.sql) },
    scratch: { kind, version: server.version },
    ...(grade === undefined ? {} : { grade }),
    ...(kept === undefined ? {} : { kept }),
    proven: reasons.length === 0,
    reasons,
    conditions: conditionsOf(rehearsal, kept),
    schemaEqual,
    rowsEqual: schemaEqual && rows.lost.length === 0 && rows.grown.length === 0,
    lost,
    left: rows.grown,
    rows: filling.rows,
    emptyTables: filling.empty,
    upMs: trace.ms,
    downMs,
    changes: difference(before, rehearsal.after),
    statements: trace.statements,
    locks: trace.locks,
    rewrites: trace.rewrites,
    scans: trace.scans,
    unseen: trace.unseen,
  }
}

/** The rehearsal saw the values change, and saw them come back. */
function comesBack(column: string, { touched, rows, downFails }: Rehearsal): boolean {
  return downFails === undefined && touched.lost.includes(column) && !rows.lost.includes(column)
}

/** What a dropped table loses with it need not be named again. */
function lostData(losses: readonly string[], lost: readonly string[]): string[] {
  const all = new Set([...losses, ...lost])
  for (const one of all) if (one.startsWith('table ')) all.delete(one.replace('table ', 'rows of '))
  return [...all].toSorted()
}

function gradeOfFiles(
  { downFails, notRestored, rows }: Rehearsal,
  lost: readonly string[],
): Grade | undefined {
  if (downFails?.onEmpty === false) return 'irreversible'
  if (notRestored.length > 0) return undefined
  return lost.length > 0 || rows.grown.length > 0 ? 'lossy' : 'lossless'
}

/** Whether there is a run to be repeated with safekeeping: one on rows that lost some, and left none behind. */
function mayKeep({ filling, againFails, rows }: Rehearsal, grade: Grade | undefined): boolean {
  return (
    grade === 'lossy' && filling.rows > 0 && againFails === undefined && rows.grown.length === 0
  )
}

function reasonsOf(rehearsal: Rehearsal, kept: KeepingProof | undefined): string[] {
  const { failsOnRows, filling, downFails, notRestored, rows, againFails, notRepeated } = rehearsal
  const reasons: string[] = []
  if (failsOnRows && filling.rows === 0) reasons.push(refusalOf(failsOnRows))
  if (downFails && !kept?.runs) {
    const where = downFails.onEmpty ? ' where there are rows' : ''
    reasons.push(`The way back fails${where}: ${messageOf(downFails.failure)}`)
  }
  if (notRestored.length > 0) reasons.push(`The way back does not restore ${named(notRestored)}.`)
  if (againFails) {
    const left =
      rows.grown.length > 0 ? ` Rows that it wrote stay in ${rows.grown.join(', ')}.` : ''
    reasons.push(`After the way back it does not run again: ${messageOf(againFails)}${left}`)
  }
  if (notRepeated.length > 0) reasons.push(`Run again, it leaves ${named(notRepeated)} different.`)
  return reasons
}

/** Rows that stopped it, where it went through on plainer ones, or with what a deploy keeps. */
function conditionsOf(
  { failsOnRows, filling, withheld, downFails }: Rehearsal,
  kept: KeepingProof | undefined,
): string[] {
  return [
    ...(failsOnRows && filling.rows > 0 && withheld.length === 0 ? [refusalOf(failsOnRows)] : []),
    ...withheld.map(emptinessOf),
    ...(downFails && kept?.runs
      ? [
          `Without what is kept, the way back fails where there are rows: ${messageOf(downFails.failure)}`,
        ]
      : []),
  ]
}

function emptinessOf({ tables, stop: { statement, said } }: Withheld): string {
  return `Statement ${statement.number} fails wherever ${tables.join(', ')} has rows: ${sentence(said)}`
}

function messageOf({ server, message }: Failure): string {
  return sentence(server?.message ?? message)
}

function refusalOf({ statement, said }: Stop): string {
  return `Statement ${statement.number} fails on rows that were made up for it: ${sentence(said)}`
}

function sentence(text: string): string {
  const whole = text.endsWith('.') ? text : `${text}.`
  return whole.charAt(0).toUpperCase() + whole.slice(1)
}

function named(changes: readonly Change[]): string {
  const shown = changes.slice(0, 5).map(({ object, change }) => `${object} (${change})`)
  const more = changes.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
