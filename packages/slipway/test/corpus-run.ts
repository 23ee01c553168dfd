import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gradeOf, type Proof } from '../src/proof/index.ts'
import { type CliRun, runCli } from './cli-in-process.ts'
import { type CorpusMigration, corpusMigrations } from './corpus.ts'
import { type Filling, fillTables, tableNames } from './fill-tables.ts'
import { startCluster } from './postgres.ts'
import { addMigration, writeProject } from './project.ts'
import { differences, type State, stateOf } from './round-trip.ts'
import { createTarget, type TestTarget } from './target.ts'

/** The outcome of a deploy, a rollback and a second deploy of a migration. The first four are correct. */
export type Ending =
  | 'restored exactly'
  /** Something was not restored, as announced beforehand. */
  | 'announced'
  /** The rollback was refused or failed, as announced, and changed nothing. */
  | 'refused'
  /** The deploy failed, and changed nothing. */
  | 'not deployed'
  | 'UNTRUE GRADE'
  | 'SILENT DESTRUCTION'
  | 'ROLLBACK FAILS'
  /** A deploy or a rollback failed and left a part of its changes. */
  | 'HALF DONE'
  | 'NOT DEPLOYED AGAIN'

/** A migration with its outcome and the reasons. */
export interface Outcome {
  readonly migration: string
  readonly ending: Ending
  readonly grade: string
  /** Announcements, consents, refusals and differences. */
  readonly reasons: readonly string[]
  /** Why it did not run on the first rows, then on simpler ones or none. */
  readonly refused: readonly string[]
  /** Tables into which no row could be inserted. */
  readonly empty: readonly string[]
}

/** Whether an ending must never happen. */
export function isForbidden({ ending }: Outcome): boolean {
  return ending === ending.toUpperCase()
}

const CONFIG = `export default {
  shadow: 'env:SHADOW_URL',
  environments: { production: { url: 'env:DATABASE_URL' } },
}
`

/** A project under test. */
interface Work extends Filling {
  readonly target: TestTarget
  readonly root: string
  readonly env: Readonly<Record<string, string>>
}

/**
 * Deploys a project of the corpus on a protected target with rows in every table, through the command line; each of the
 * last migrations is deployed, rolled back and deployed again. Judged by pg_dump, sequence positions and rows.
 */
export async function runCorpus(project: string, last: number): Promise<Outcome[]> {
  const migrations = corpusMigrations(project)
  const first = Math.max(migrations.length - last, 0)
  const tested = migrations.slice(first)
  const target = await createTarget()
  // A server for all shadow databases: hundreds of commands need not start one each.
  const shadow = await startCluster()
  const root = writeProject(migrations.slice(0, first))
  writeFileSync(join(root, 'slipway.config.ts'), CONFIG)
  const env = { DATABASE_URL: target.url, SHADOW_URL: shadow.url }
  const work = {
    target,
    root,
    env,
    sought: comparedValues(tested),
    filled: new Map<string, string>(),
  }
  try {
    const begun = await deployWithConsent(work)
    if (begun.run.exitCode !== 0) throw new Error(`${project} is not deployed: ${failureIn(begun)}`)
    const outcomes: Outcome[] = []
    for (const migration of tested) outcomes.push(await deployAndRollBack(work, migration))
    return outcomes
  } finally {
    await shadow.stop()
    await target.drop()
    rmSync(root, { recursive: true })
  }
}

/** Texts with which statements compare columns: `"status" = 'PENDING'`. */
function comparedValues(migrations: readonly CorpusMigration[]): Filling['sought'] {
  const sought = new Map<string, string[]>()
  for (const { sql } of migrations)
    for (const [, name = '', value = ''] of sql.matchAll(/(\w+)"?\s*=\s*'([^']*)'/g))
      sought.set(name, [...(sought.get(name) ?? []), value])
  return sought
}

/** Updates that give rows the values that a migration's statements look for. */
const ROWS_FOR_STATEMENTS: Readonly<Record<string, string>> = {
  '14_add_link_and_pixel': `UPDATE report SET type = met.type, parameters = met.parameters::jsonb
    FROM (SELECT report_id AS id, row_number() OVER (ORDER BY report_id) AS n FROM report) numbered
    JOIN (VALUES (1, 'funnel', '{"steps": [{"type": "url"}]}'), (2, 'funnel', '{"steps": [{"type": "url"}, {"type": "event"}], "urls": []}'),
      (3, 'goals', '{"goals": [{"type": "url", "value": "/"}, {"type": "event", "value": "buy"}]}')) AS met (n, type, parameters) USING (n)
    WHERE report_id = numbered.id`,
  '20251207122817_add_slug_to_published_docs': `UPDATE "PublishedDocs" SET "collectionID" = 'one', version = '1'`,
}

async function deployAndRollBack(work: Work, migration: CorpusMigration): Promise<Outcome> {
  const { target, root } = work
  const empty = await fillTables(target.url, work)
  await target.sql(ROWS_FOR_STATEMENTS[migration.name] ?? '')
  addMigration(root, migration)
  const proof = await proofOf(work, migration)
  const { before, up, refused } = await deployOnRows(work, migration)
  const known = { migration: migration.name, grade: proof.grade, refused, empty }
  const after = await stateOf(target)
  if (up.run.exitCode !== 0) {
    const left = differences(before, after)
    const ending = left.length > 0 ? 'HALF DONE' : 'not deployed'
    return { ...known, ending, reasons: [failureIn(up), ...left] }
  }
  const back = await rollBackWithConsent(work)
  const judged = judge({ before, after, now: await stateOf(target) }, { proof, up, back })
  if (back.run.exitCode !== 0) return { ...known, ...judged }
  const again = await deployWithConsent(work)
  const differing = objectDifferences(after, await stateOf(target))
  if (again.run.exitCode === 0 && differing.length === 0) return { ...known, ...judged }
  const reasons = [failureIn(again), ...differing, ...judged.reasons]
  return { ...known, ending: 'NOT DEPLOYED AGAIN', reasons }
}

interface Deployed {
  readonly before: State
  readonly up: ConsentedRun
  /** Errors of a migration on rows on which it cannot run. */
  readonly refused: readonly string[]
}

/** Rows for a migration that cannot run on the first ones: simpler rows, then only NULLs, finally none. */
const OTHER_ROWS = [
  ['full', 'full', 'full'],
  ['digits', 'digits', 'digits'],
  ['nulls', 'nulls'],
  [],
] as const

/** Deploys a migration, on other rows if it cannot run on the existing ones. */
async function deployOnRows(
  work: Work,
  { sql }: Pick<CorpusMigration, 'sql'>,
  refused: readonly string[] = [],
): Promise<Deployed> {
  const { target, sought } = work
  const before = await stateOf(target)
  const up = await deployWithConsent(work)
  const styles = OTHER_ROWS[refused.length]
  const named = (await tableNames(target.url)).filter((table) => sql.includes(table))
  const isDone = up.run.exitCode === 0 || differences(before, await stateOf(target)).length > 0
  if (isDone || styles === undefined || named.length === 0) return { before, up, refused }
  await target.sql(`TRUNCATE ${named.join(', ')} CASCADE`)
  if (styles.length > 0) await fillTables(target.url, { filled: new Map(), sought, styles })
  return await deployOnRows(work, { sql }, [...refused, failureIn(up)])
}

function objectDifferences(one: State, other: State): string[] {
  const objects = (state: State) => ({ objects: state.objects, sequences: [], rows: [] })
  return differences(objects(one), objects(other))
}

interface Claim {
  readonly grade: string
  readonly proven: boolean
  readonly reasons: readonly string[]
}

async function proofOf(work: Work, { name }: CorpusMigration): Promise<Claim> {
  const { stdout } = await slipway(work, ['check', name, '--format', 'json'])
  const { result, failure } = JSON.parse(stdout) as {
    result?: { migrations: { proof: Proof | null; refusal: { message: string } | null }[] }
    failure?: { message: string }
  }
  const [checked] = result?.migrations ?? []
  const proof = checked?.proof
  if (!proof) {
    const reason = checked?.refusal?.message ?? failure?.message ?? 'no reason is given'
    return { grade: 'not tested', proven: false, reasons: [reason] }
  }
  const { proven, reasons } = proof
  return { grade: gradeOf(proof) ?? 'schema not restored', proven, reasons }
}

/** A run of a command with the consents that it needed. */
interface ConsentedRun {
  readonly run: CliRun
  readonly consents: readonly string[]
}

async function deployWithConsent(work: Work): Promise<ConsentedRun> {
  return await runWithConsent(work, ['deploy', '--env', 'production'])
}

/** Gives the database's name in advance: each question is preceded by a test run, which takes seconds. */
async function rollBackWithConsent(work: Work): Promise<ConsentedRun> {
  const confirm = ['--confirm', work.target.name]
  return await runWithConsent(
    work,
    ['rollback', '--env', 'production', '--format', 'json'],
    confirm,
  )
}

/** Runs a command and gives consent only after a failure asks for it, as a person does. */
async function runWithConsent(
  work: Work,
  args: readonly string[],
  confirmed: readonly string[] = [],
): Promise<ConsentedRun> {
  const accepted = new Set<string>()
  let confirm = confirmed
  for (;;) {
    const accept = accepted.size > 0 ? ['--accept', [...accepted].join(',')] : []
    const run = await slipway(work, [...args, ...confirm, ...accept])
    const text = `${run.stdout}\n${run.stderr}`
    const asked = [...text.matchAll(/--accept ([\w,-]+)/g)]
      .flatMap(([, ids = '']) => ids.split(','))
      .filter((id) => !accepted.has(id))
    const asksForName = confirm.length === 0 && text.includes(`--confirm ${work.target.name}`)
    if (run.exitCode === 0 || (asked.length === 0 && !asksForName))
      return { run, consents: [...(confirmed.length > 0 ? [] : confirm.slice(0, 1)), ...accepted] }
    for (const id of asked) accepted.add(id)
    confirm = ['--confirm', work.target.name]
  }
}

async function slipway({ root, env }: Work, args: readonly string[]): Promise<CliRun> {
  return await runCli(args, { cwd: root, env })
}

interface States {
  readonly before: State
  readonly after: State
  readonly now: State
}

interface Claims {
  readonly proof: Claim
  readonly up: ConsentedRun
  readonly back: ConsentedRun
}

function judge(
  { before, after, now }: States,
  { proof, up, back }: Claims,
): Pick<Outcome, 'ending' | 'reasons'> {
  const announced = announcedBy(back)
  const consents = [...up.consents, ...back.consents].map((one) => `consent: ${one}`)
  const isLossless = proof.grade.startsWith('lossless')
  const doubts = isLossless ? [] : [proof.grade, ...proof.reasons]
  const said = [...doubts, ...announced, ...consents]
  if (back.run.exitCode !== 0) {
    const left = differences(after, now)
    const reasons = [failureIn(back), ...left, ...said]
    if (left.length > 0) return { ending: 'HALF DONE', reasons }
    const isConditional = announced.some((line) => /^(?:choice|irreversible)/.test(line))
    return { ending: proof.proven && !isConditional ? 'ROLLBACK FAILS' : 'refused', reasons }
  }
  const lines = differences(before, now)
  const reasons = [...lines, ...said]
  if (lines.length === 0) return { ending: 'restored exactly', reasons: doubts }
  if (isLossless) return { ending: 'UNTRUE GRADE', reasons }
  return { ending: said.length > 0 ? 'announced' : 'SILENT DESTRUCTION', reasons }
}

function announcedBy({ run }: ConsentedRun): string[] {
  const { result, findings = [] } = JSON.parse(run.stdout) as {
    result?: { downMigrations?: { announced: { kind: string; kept?: boolean }[] }[] } | null
    findings?: { message: string }[]
  }
  const lines = (result?.downMigrations ?? []).flatMap(({ announced }) => announced)
  return [
    ...lines
      .filter((one) => one.kept !== true)
      .map(({ kind, ...one }) => `${kind} ${JSON.stringify(one)}`),
    ...findings.map(({ message }) => message),
  ]
}

function failureIn({ run }: ConsentedRun): string {
  return run.exitCode === 0 ? '' : `exit ${run.exitCode}: ${run.stdout}${run.stderr}`.trim()
}
