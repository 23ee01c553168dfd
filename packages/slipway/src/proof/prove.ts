import { type Address, dialectOf, type Session } from '../database/index.ts'
import {
  draftDownMigration,
  type Grade,
  type KnownState,
  lossesOf,
  overwrittenColumns,
} from '../down/index.ts'
import type { Failure } from '../kernel/index.ts'
import {
  attributesAppendedLate,
  type Catalog,
  type Change,
  difference,
  schemaOf,
  type CatalogReader,
} from '../schema/index.ts'
import {
  checksum,
  type Destruction,
  destructionKey,
  distinctDestructions,
  objectKey,
  objectName,
  type ObjectName,
  type ObjectRef,
  type MigrationFile,
  type Migration,
  parseMigration,
  parseMigrations,
  parserFor,
} from '../statements/index.ts'
import { reasonsAgainstDown, sentence } from './down-reasons.ts'
import { evidenceGaps } from './evidence.ts'
import { joinCode, readSchemaCode, type SchemaCode } from './postgres/schema-code.ts'
import { type StoppedRun, type Trace } from './postgres/trace.ts'
import { type KeepingProof, proveKeeping } from './prove-keeping.ts'
import { FIRST_START, runUpDownUp, type TestRun, type Start, type EmptyTables } from './test-run.ts'
import { touchedTables } from './touched-tables.ts'
import { watchPart } from './watched-part.ts'

/** The record of a test run. Plain JSON: it can be stored next to the migration. */
export interface Proof {
  readonly migration: string
  /** SHA-256 of both files; the proof is valid only for these. */
  readonly checksums: { readonly up: string; readonly down: string }
  readonly shadow: { readonly kind: Session['kind']; readonly version: string }
  /**
   * The grade of the two files alone: `not proven` if the run on rows does not show that no data is lost,
   * absent if the schema is not restored.
   */
  readonly grade?: Grade
  /** The result if a deploy keeps the data that the migration destroys; absent if nothing is lost. */
  readonly kept?: KeepingProof
  /** Whether up, down and up again succeeded on rows. */
  readonly proven: boolean
  /** Why it is not proven, in sentences. */
  readonly reasons: readonly string[]
  /** Conditions of the proof, as sentences: rows on which the migration fails. */
  readonly conditions: readonly string[]
  readonly schemaEqual: boolean
  readonly rowsEqual: boolean
  /** Data that the down migration does not restore: `column public.users.email`. */
  readonly lost: readonly Destruction[]
  /** Tables in which rows that the migration wrote remain. */
  readonly left: readonly ObjectRef[]
  /** The number of generated rows. */
  readonly rows: number
  readonly emptyTables: readonly string[]
  readonly upMs: number
  readonly downMs: number
  /** The migration's changes to the catalog. */
  readonly changes: readonly Change[]
  readonly statements: Trace['statements']
  readonly locks: Trace['locks']
  readonly rewrites: Trace['rewrites']
  readonly scans: Trace['scans']
  /** The effects on the data of existing tables, by statement. */
  readonly effects: Trace['effects']
  /** Statements whose locks cannot be read, because they run outside a transaction. */
  readonly unseen: Trace['unseen']
}

/**
 * The grade of a migration as Slipway deploys it, which is the one shown everywhere. Lossless only if up,
 * down and up again succeeded on rows that show it; undefined if the schema is not restored.
 */
export function gradeOf({ grade, kept, proven }: Proof): Grade | undefined {
  const found = kept?.grade ?? grade
  return found?.startsWith('lossless') && !proven ? 'not proven' : found
}

/** Passes `work` a fresh shadow database to which the history before the migration is applied. */
export type OnShadow = <T>(work: (session: Session, address?: Address) => Promise<T>) => Promise<T>

export interface ProveOptions {
  readonly migration: MigrationFile
  /** The `down.sql`; written from the catalogs if absent. */
  readonly down?: MigrationFile | undefined
  /** Reads the catalogs of a shadow database that the proof compares. */
  readonly catalogs: (session: Session) => Promise<CatalogReader>
}

/**
 * Proves a migration: up, down, up again, on generated rows, with catalogs and rows compared. One shadow
 * database is enough, unless rows stop a migration that has already committed a part. Fails with
 * SHADOW.REPLAY_FAILED if the migration does not run.
 */
export async function prove(onShadow: OnShadow, options: ProveOptions): Promise<Proof> {
  let start = FIRST_START
  for (;;) {
    const found = await onShadow((session, address) =>
      proveOn(session, { ...options, address }, start),
    )
    if (found.kind === 'proof') return found.proof
    start = found.from
  }
}

type ProofAttempt =
  | { readonly kind: 'proof'; readonly proof: Proof }
  | { readonly kind: 'start-over'; readonly from: Start }

async function proveOn(
  session: Session,
  options: ProveOptions & { readonly address: Address | undefined },
  start: Start,
): Promise<ProofAttempt> {
  const { address } = options
  const migration = parseMigration(options.migration, await parserFor(dialectOf(session)))
  // A down migration that has not been written yet may touch anything.
  const touched =
    options.down && !start.beyond
      ? touchedTables([migration, ...(await parseMigrations([options.down], dialectOf(session)))])
      : undefined
  const all = await options.catalogs(session)
  const part = touched && (await watchPart(session, touched, all))
  const catalogs = part?.catalogs ?? all
  const catalog = options.down ? await catalogs.facts() : await catalogs.whole()
  const before = { catalog, identities: await catalogs.identities() }
  const code = await readSchemaCode(session)
  const write = async (after: Catalog) => ({
    name: `${migration.name}/down.sql`,
    sql: (await draftDownMigration(session, { before, after: async () => after, migration })).body,
  })
  const down = options.down ?? write
  const run = { before, migration, down, catalogs, address, touched }
  const found = await runUpDownUp(session, run, start)
  if (found.kind === 'start-over') return found
  if (part && !(await part.isAll(writtenBy(found.testRun.trace))))
    return { kind: 'start-over', from: { ...start, beyond: true } }
  const { testRun } = found
  const proof = await proofOf(session, { migration, before, code, testRun, touched })
  return { kind: 'proof', proof }
}

interface TestRunResult {
  readonly migration: Migration
  readonly before: KnownState
  /** The code before the migration. */
  readonly code: SchemaCode
  readonly testRun: TestRun
  readonly touched: readonly ObjectName[] | undefined
}

/** The relations whose rows a run changed or was to change. */
function writtenBy({ effects, locks }: Trace): string[] {
  const locked = locks.filter(({ kind, mode }) => kind === 'table' && mode === 'ROW EXCLUSIVE')
  return [...effects, ...locked].map(({ relation }) => relation)
}

/** The proof from a test run. A lossy migration is run once more, with safekeeping. */
async function proofOf(
  session: Session,
  { migration, before, code, testRun, touched }: TestRunResult,
): Promise<Proof> {
  const { statements } = migration
  const known = ({ catalog, identities }: KnownState) => ({
    schema: schemaOf(catalog),
    identities,
  })
  const losses = lossesOf({ before: known(before), after: known(testRun.after), statements })
  const schemaEqual = testRun.downFails?.onEmpty !== false && testRun.notRestored.length === 0
  const overwritten = overwrittenColumns(schemaOf(before.catalog), statements).filter(
    (column) => !isRestored(column, testRun),
  )
  const lost = lostData([...losses, ...overwritten, ...testRun.rows.lost])
  const { trace, filling, unfilledTables, down, downMs, rows } = testRun
  const changes = difference(before.catalog, testRun.after.catalog)
  const gaps = evidenceGaps({
    ...testRun,
    statements,
    before: schemaOf(before.catalog),
    misplaced: attributesAppendedLate(testRun.after.catalog, before.catalog),
    changes,
    code: joinCode(code, await readSchemaCode(session)),
    unchanged: testRun.touched.unchanged,
    changed: changedColumns(testRun.touched),
  })
  const grade = gradeOfFiles(testRun, { lost, gaps })
  const kept = mayKeep(testRun, grade, lost)
    ? await proveKeeping(session, { migration, down, filling, lost, gaps, unfilledTables, touched })
    : undefined
  const open = [grade, kept?.grade].includes('not proven')
    ? [...gaps, ...(kept?.hindrances ?? [])]
    : []
  const reasons = [...reasonsOf(testRun, kept), ...open]
  const { kind, server } = session
  return {
    migration: migration.name,
    checksums: { up: migration.checksum, down: checksum(down.sql) },
    shadow: { kind, version: server.version },
    ...(grade === undefined ? {} : { grade }),
    ...(kept === undefined ? {} : { kept }),
    proven: reasons.length === 0,
    reasons,
    conditions: conditionsOf(testRun, kept),
    schemaEqual,
    rowsEqual: schemaEqual && rows.lost.length === 0 && rows.grown.length === 0,
    lost,
    left: rows.grown,
    rows: filling.rows,
    emptyTables: filling.empty.map(({ name }) => name),
    upMs: trace.ms,
    downMs,
    changes,
    statements: trace.statements,
    locks: trace.locks,
    rewrites: trace.rewrites,
    scans: trace.scans,
    effects: trace.effects,
    unseen: trace.unseen,
  }
}

function changedColumns({ lost }: TestRun['touched']): ReadonlySet<string> {
  return new Set(lost.flatMap(({ what, object }) => (what === 'values' ? [objectKey(object)] : [])))
}

/** Whether the test run saw the values change and then saw them restored. */
function isRestored(column: Destruction, { touched, rows, downFails }: TestRun): boolean {
  const isAmong = (lost: readonly Destruction[]) =>
    lost.some((one) => destructionKey(one) === destructionKey(column))
  return downFails === undefined && isAmong(touched.lost) && !isAmong(rows.lost)
}

/** Lost data without repetition: the rows of a dropped table are not listed separately. */
function lostData(all: readonly Destruction[]): Destruction[] {
  const dropped = new Set(
    all.flatMap(({ what, object }) => (what === 'object' ? [objectKey(object)] : [])),
  )
  return distinctDestructions(
    all.filter(({ what, object }) => what !== 'rows' || !dropped.has(objectKey(object))),
  )
}

function gradeOfFiles(
  { downFails, notRestored, rows }: TestRun,
  { lost, gaps }: { readonly lost: readonly Destruction[]; readonly gaps: readonly string[] },
): Grade | undefined {
  if (downFails?.onEmpty === false) return 'irreversible'
  if (notRestored.length > 0) return undefined
  if (lost.length > 0 || rows.grown.length > 0) return 'lossy'
  return gaps.length > 0 ? 'not proven' : 'lossless'
}

/** Whether to repeat the run with safekeeping: it lost rows or a sequence, and left no rows behind. */
function mayKeep(
  { filling, againFails, rows }: TestRun,
  grade: Grade | undefined,
  lost: readonly Destruction[],
): boolean {
  const hasEvidence = filling.rows > 0 || lost.some(({ object }) => object.kind === 'sequence')
  return grade === 'lossy' && hasEvidence && againFails === undefined && rows.grown.length === 0
}

function reasonsOf(testRun: TestRun, kept: KeepingProof | undefined): string[] {
  const { failsOnRows, filling } = testRun
  const refused = failsOnRows && filling.rows === 0 ? [refusalOf(failsOnRows)] : []
  return [
    ...refused,
    ...reasonsAgainstDown(testRun, { says: messageOf, kept: kept?.runs === true }),
  ]
}

/**
 * Conditions of the proof: rows that stopped it although it ran on simpler ones or with kept data, and
 * sequences that continue after the migration's numbers.
 */
function conditionsOf(
  { failsOnRows, filling, unfilledTables, downFails }: TestRun,
  kept: KeepingProof | undefined,
): string[] {
  return [
    ...(failsOnRows && filling.rows > 0 && unfilledTables.length === 0
      ? [refusalOf(failsOnRows)]
      : []),
    ...unfilledTables.map(emptinessOf),
    ...(downFails && kept?.runs
      ? [
          `Without kept data, the down migration fails if there are rows: ${messageOf(downFails.failure)}`,
        ]
      : []),
    ...(kept?.passed ?? []).map(
      (sequence) =>
        `After a rollback, ${objectName(sequence)} continues after the values that the migration used.`,
    ),
  ]
}

function emptinessOf({ tables, stop: { statement, said } }: EmptyTables): string {
  return `Statement ${statement.number} fails wherever ${tables.map(objectName).join(', ')} has rows: ${sentence(said)}`
}

function messageOf({ server, message }: Failure): string {
  return sentence(server?.message ?? message)
}

function refusalOf({ statement, said }: StoppedRun): string {
  return `Statement ${statement.number} fails on generated rows: ${sentence(said)}`
}
