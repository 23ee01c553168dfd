import pg from 'pg'
import { deploy, type DeployOutcome, type DeployRequest } from '../../src/deploy/index.ts'
import { attempt, type Failure } from '../../src/kernel/index.ts'
import { gradeOf, type Proof, prove } from '../../src/proof/index.ts'
import { announcementText, type PreparedDown, rollback } from '../../src/rollback/index.ts'
import { catalogReader } from '../../src/schema/index.ts'
import { type ShadowOptions, withShadowDatabase } from '../../src/shadow/index.ts'
import { differences, type State, stateOf } from '../round-trip.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../target.ts'
import type { TestHistory } from './history.ts'

/** The outcome of a migration. The first four are correct. */
export type Ending =
  | 'restored'
  /** Something was not restored, as announced beforehand. */
  | 'announced'
  /** The rollback was refused or failed, as announced or because of newer rows, and changed nothing. */
  | 'refused'
  /** The deploy failed, and changed nothing. */
  | 'not deployed'
  /** It was reported as lossless, or as restored and verified, but differs. */
  | 'UNTRUE GRADE'
  | 'SILENT DESTRUCTION'
  | 'ROLLBACK FAILS'
  /** A deploy or a rollback failed and left a part of its changes. */
  | 'HALF DONE'
  | 'BUG'

/** The outcome of a migration, with the evidence. */
export interface Judgement {
  readonly step: number
  readonly ending: Ending
  readonly grade: string
  /** Lines that explain the outcome. */
  readonly evidence: readonly string[]
}

const FORBIDDEN: readonly Ending[] = [
  'UNTRUE GRADE',
  'SILENT DESTRUCTION',
  'ROLLBACK FAILS',
  'HALF DONE',
  'BUG',
]

/** Whether an ending must never happen. */
export function isForbidden({ ending }: Judgement): boolean {
  return FORBIDDEN.includes(ending)
}

interface Deployed {
  readonly before: State
  /** The state after the rows that follow the migration were written. */
  readonly after: State
  readonly grade: string
  readonly proven: boolean
  readonly askedFirst: boolean
  readonly notKept: readonly string[]
  /** Rows were written after it. */
  readonly writtenSince: boolean
}

/** How a history is rolled back. */
export type RollbackMode = 'one by one' | 'in one go'

/** Deploys a history on a protected target, rolls it back, and judges by pg_dump and the rows. */
export async function judgeHistory(
  history: TestHistory,
  shadow: ShadowOptions,
  way: RollbackMode,
): Promise<Judgement[]> {
  const target = await createTarget()
  const migrations = history.map(({ statements }, index) =>
    migration(`${index}_step`, statements.map((statement) => `${statement};\n`).join('')),
  )
  const run = { target, migrations, shadow }
  try {
    const { deployed, failed } = await deployAll(run, history)
    const judged =
      way === 'one by one' ? await rollBackEach(run, deployed) : await rollBackAll(run, deployed)
    return [...judged, ...failed]
  } finally {
    await target.drop()
  }
}

interface Run {
  readonly target: TestTarget
  readonly migrations: readonly TestMigration[]
  readonly shadow: ShadowOptions
}

async function deployAll(
  run: Run,
  history: TestHistory,
): Promise<{ deployed: Deployed[]; failed: Judgement[] }> {
  const deployed: Deployed[] = []
  const [beginning] = history
  const first = await deployWithConsent(run, 1)
  if (first.failure) {
    const evidence = [textOf(first.failure)]
    return { deployed, failed: [{ step: 0, ending: 'not deployed', grade: 'none', evidence }] }
  }
  await write(run.target, beginning?.rows ?? [])
  let before = await stateOf(run.target)
  for (const [index, { rows }] of history.entries()) {
    if (index === 0) continue
    const proof = await proofOf(run, index)
    const { failure, ...up } = await deployWithConsent(run, index + 1)
    const grade = gradeText(proof)
    if (failure) {
      const left = differences(before, await stateOf(run.target))
      const ending = left.length > 0 ? 'HALF DONE' : isBug(failure) ? 'BUG' : 'not deployed'
      const evidence = [textOf(failure), ...left]
      return { deployed, failed: [{ step: index, ending, grade, evidence }] }
    }
    await write(run.target, rows)
    const after = await stateOf(run.target)
    const proven = typeof proof === 'object' && proof.proven
    deployed.push({ before, after, grade, proven, ...up, writtenSince: rows.length > 0 })
    before = after
  }
  return { deployed, failed: [] }
}

/** Writes rows. Skips statements that a volatile predicate has made impossible. */
async function write(target: TestTarget, rows: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: target.url })
  await client.connect()
  for (const row of rows) await client.query(row).catch(() => {})
  await client.end()
}

async function proofOf({ migrations, shadow }: Run, index: number): Promise<Proof | string> {
  const tested = migrations[index]
  if (tested === undefined) return 'nothing to prove'
  const before = migrations.slice(0, index)
  const proof = await attempted(() =>
    prove('postgres', (work) => withShadowDatabase(shadow, before, work), {
      migration: tested,
      catalogs: async (session) => catalogReader(session),
    }),
  )
  return proof.ok ? proof.value : `not tested: ${textOf(proof.failure)}`
}

function gradeText(proof: Proof | string): string {
  return typeof proof === 'string' ? proof : (gradeOf(proof) ?? 'schema not restored')
}

function isBug({ code }: Failure): boolean {
  return code === 'BUG'
}

/** Like `attempt`, but returns a thrown bug as a failure with the code BUG. */
async function attempted<T>(work: () => Promise<T>) {
  try {
    return await attempt(work)
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { ok: false as const, failure: { code: 'BUG', message, nextActions: [] } }
  }
}

/** A timeout that only ends work that hangs, even on a busy machine. */
const PATIENCE_MS = 600_000

function requestOf({ target, migrations, shadow }: Run, count: number) {
  return {
    ...target.request(migrations.slice(0, count)),
    environment: 'production',
    protected: true,
    limits: { lockTimeoutMs: 200, statementTimeoutMs: PATIENCE_MS },
    deadlineMs: PATIENCE_MS,
    shadow,
  }
}

interface ConsentedDeploy {
  readonly askedFirst: boolean
  readonly notKept: readonly string[]
  readonly failure?: Failure
}

/** Deploys like a person who gives consent only after a failure asks for it. */
async function deployWithConsent(run: Run, count: number): Promise<ConsentedDeploy> {
  const accepted = new Set<string>()
  let confirm: string | undefined
  for (let tries = 0; ; tries++) {
    const request: DeployRequest = {
      ...requestOf(run, count),
      consent: { confirm },
      acceptDrift: accepted.has('drift'),
      acceptPreChecks: accepted.has('pre-check'),
      acceptUnannounced: accepted.has('unannounced'),
      acceptHazards: [...accepted],
    }
    const ran = await attempted<DeployOutcome>(() => deploy(request))
    const failure = ran.ok ? ran.value.failure : ran.failure
    const notKept = ran.ok ? ran.value.notKept : []
    if (failure === undefined) return { askedFirst: tries > 0, notKept }
    const asked = acceptsIn(failure).filter((name) => !accepted.has(name) && name !== 'pre-check')
    const asksForName = failure.code === 'DEPLOY.CONSENT_NEEDED' && confirm === undefined
    if (asked.length === 0 && !asksForName) return { askedFirst: tries > 0, notKept, failure }
    for (const name of asked) accepted.add(name)
    confirm = run.target.name
  }
}

function acceptsIn({ nextActions }: Failure): string[] {
  return nextActions.flatMap((action) => {
    if (action.kind !== 'slipway') return []
    const at = action.args.indexOf('--accept')
    return at === -1 ? [] : (action.args[at + 1] ?? '').split(',')
  })
}

interface RolledBack {
  readonly failure?: Failure | undefined
  /** How many migrations were rolled back. */
  readonly done: number
  readonly announced: readonly string[]
  /** A test run showed that the schema is restored. */
  readonly verified: boolean
}

/** Rolls back like a person who runs the command that a failure offers, and accepts nothing unproven. */
async function rollBackWithConsent(run: Run, count: number, steps: number): Promise<RolledBack> {
  const announced: string[] = []
  let done = 0
  let asked: number | undefined
  for (;;) {
    const ran = await attempted(() =>
      rollback({
        ...requestOf(run, count),
        consent: { confirm: run.target.name },
        extent: { kind: 'steps', steps: asked ?? steps },
        acceptUnproven: false,
        acceptUnannounced: asked !== undefined,
        announce: (downs) => announced.push(...downs.flatMap(lossesIn)),
      }),
    )
    const failure = ran.ok ? ran.value.failure : ran.failure
    if (ran.ok) {
      done += ran.value.receipts.filter(({ status }) => status === 'done').length
      announced.push(...ran.value.unrestored.map((one) => `${one.attribute} of ${one.object}`))
    }
    const offered = failure && asked === undefined ? stepsOffered(failure) : undefined
    if (offered === undefined)
      return { failure, done, announced, verified: ran.ok && ran.value.testRun.kind === 'proven' }
    asked = offered
    announced.push('the rollback destroys data that no statement shows')
  }
}

/** The losses that down migrations announce, and changes that depend on rows. */
function lossesIn({ announced }: PreparedDown): string[] {
  return announced.filter((one) => !(one.kind === 'loss' && one.kept)).map(announcementText)
}

/** The `--steps` of the command that a refusal of unannounced destruction offers. */
function stepsOffered({ code, nextActions }: Failure): number | undefined {
  if (code !== 'DEPLOY.UNANNOUNCED') return undefined
  const [steps] = nextActions.flatMap((action) =>
    action.kind === 'slipway' && action.args.includes('--accept')
      ? Number(action.args[action.args.indexOf('--steps') + 1])
      : [],
  )
  return steps
}

async function rollBackEach(run: Run, deployed: readonly Deployed[]): Promise<Judgement[]> {
  const judged: Judgement[] = []
  let writtenSince = false
  let held = deployed.at(-1)?.after
  for (let step = deployed.length; step > 0; step--) {
    const one = deployed[step - 1]
    if (one === undefined || held === undefined) break
    writtenSince ||= one.writtenSince
    const back = await rollBackWithConsent(run, step + 1, 1)
    const found = { back, held, now: await stateOf(run.target) }
    held = found.now
    const judgement = { step, grade: one.grade, ...judge([one], found, writtenSince) }
    judged.push(judgement)
    if (back.failure || judgement.ending !== 'restored') break
  }
  return judged
}

async function rollBackAll(run: Run, deployed: readonly Deployed[]): Promise<Judgement[]> {
  const last = deployed.at(-1)
  if (last === undefined) return []
  const back = await rollBackWithConsent(run, deployed.length + 1, deployed.length)
  const now = await stateOf(run.target)
  const held = last.after
  // Each migration is rolled back in a separate transaction: earlier ones remain rolled back if one fails.
  const { done } = back
  const judged = (from: number, to: number, found: Found) => {
    const part = deployed.slice(from, to)
    const writtenSince = deployed.slice(from).some((one) => one.writtenSince)
    const judgement = judge(part, found, writtenSince)
    return part.map(({ grade }, index) => ({ step: from + index + 1, grade, ...judgement }))
  }
  if (!back.failure) return judged(0, deployed.length, { back, held, now })
  // If a test run shows that one fails, nothing is rolled back, and the failure names it.
  const named = done === 0 ? Number(/(\d+)_step/.exec(back.failure.message)?.[1]) : Number.NaN
  const failed = Number.isNaN(named) ? deployed.length - done : named
  const { failure: _, ...went } = back
  const rolledBack = done > 0 ? judged(failed, deployed.length, { back: went, held, now }) : []
  // The other migrations and their leftovers have been judged above.
  const stopped = judged(failed - 1, failed, { back, held: done > 0 ? now : held, now })
  return [...stopped, ...rolledBack]
}

interface Found {
  readonly back: RolledBack
  /** The state before the rollback, and after it. */
  readonly held: State
  readonly now: State
}

/** Judges migrations that were rolled back together. */
function judge(
  deployed: readonly Deployed[],
  { back, held, now }: Found,
  writtenSince: boolean,
): Pick<Judgement, 'ending' | 'evidence'> {
  const { failure, announced } = back
  const claims = deployed.every(({ grade }) => grade.startsWith('lossless'))
  const said = deployed.flatMap((one) => [
    ...(one.notKept.length > 0 || one.askedFirst ? ['consent'] : []),
    ...(one.grade.startsWith('lossless') ? [] : [one.grade]),
  ])
  if (failure) {
    const left = differences(held, now)
    const evidence = [textOf(failure), ...left, ...announced]
    if (isBug(failure)) return { ending: 'BUG', evidence }
    if (left.length > 0) return { ending: 'HALF DONE', evidence }
    const depends = announced.some((line) => /^(?:choice|irreversible): /.test(line))
    const promised = deployed.every(({ proven }) => proven) && !writtenSince && !depends
    return { ending: promised ? 'ROLLBACK FAILS' : 'refused', evidence }
  }
  const before = deployed[0]?.before
  const all = before ? differences(before, now) : []
  const lines = writtenSince ? all.filter((line) => !isOfRowsSince(line)) : all
  if (lines.length === 0) return { ending: 'restored', evidence: [] }
  const evidence = [
    ...lines,
    ...announced.map((line) => `announced: ${line}`),
    ...said.map((line) => `before: ${line}`),
  ]
  const schemaDiffers = lines.some((line) => /^[-+] [^\n]*; Type: /.test(line))
  if (claims || (schemaDiffers && back.verified && announced.length === 0))
    return { ending: 'UNTRUE GRADE', evidence }
  if (announced.length === 0 && said.length === 0) return { ending: 'SILENT DESTRUCTION', evidence }
  return { ending: 'announced', evidence }
}

/** Whether a difference may be caused by newer rows, which may remain and may have advanced sequences. */
function isOfRowsSince(line: string): boolean {
  return line.startsWith('+ row ') || /^[-+] position /.test(line)
}

function textOf({ code, message, why, server }: Failure): string {
  return [code, message, why, server?.message].filter(Boolean).join(' | ')
}
