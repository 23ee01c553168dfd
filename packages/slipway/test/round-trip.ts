import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CliRun, runCli } from './cli-in-process.ts'
import { dumpObjects } from './dump.ts'
import { postgresBin } from './postgres.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

/** A round trip: `m1` is deployed, `data` is run, `m2` is deployed and rolled back. */
export interface RoundTrip {
  readonly m1: string
  readonly data: string
  readonly m2: string
}

/** The outcome of a round trip on a protected target. */
export interface RoundTripOutcome {
  /** Differences to the state before `m2`, by `pg_dump` and the rows; empty if everything is restored. */
  readonly differences: readonly string[]
  /** The deploy of `m2` was refused without changes until it had consent by name. */
  readonly askedFirst: boolean
  /** Some output called it lossless. */
  readonly calledLossless: boolean
  /** The exit code of the rollback, and the output of all commands. */
  readonly rollbackExit: number
  readonly output: string
}

/** The state of a database, read without Slipway's code. */
export interface State {
  readonly objects: readonly string[]
  readonly sequences: readonly string[]
  readonly rows: readonly string[]
}

/** Makes a round trip through the command line on a separate database, and judges it independently. */
export async function roundTrip({ m1, data, m2 }: RoundTrip): Promise<RoundTripOutcome> {
  const target = await createTarget()
  const root = writeProject([{ name: '1_before', sql: m1 }])
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' } } }\n",
  )
  shareImages(root)
  const slipway = async (...args: string[]) =>
    await runCli(args, { cwd: root, env: { DATABASE_URL: target.url } })
  try {
    const first = await deploy(slipway, target)
    if (first.last.exitCode !== 0)
      throw new Error(`1_before is not deployed:\n${textOf(first.last)}`)
    runPsql(target.url, data)
    const before = await stateOf(target)
    addMigration(root, { name: '2_change', sql: m2 })
    const checked = await slipway('check', '2_change')
    const planned = await slipway('plan', '--env', 'production')
    const up = await deploy(slipway, target)
    if (up.last.exitCode !== 0) throw new Error(`2_change is not deployed:\n${textOf(up.last)}`)
    const accept = ['--accept', 'unannounced,unproven']
    const back = await slipway(
      'rollback',
      '--env',
      'production',
      '--confirm',
      target.name,
      ...accept,
    )
    const outputs = [checked, planned, ...up.all, back].map(textOf)
    return {
      differences: differences(before, await stateOf(target)),
      askedFirst: up.all.length > 1,
      calledLossless: outputs.some((text) => /(?<!not )\blossless\b/.test(text)),
      rollbackExit: back.exitCode,
      output: outputs.join('\n'),
    }
  } finally {
    await target.drop()
    rmSync(root, { recursive: true })
  }
}

function textOf({ stdout, stderr }: CliRun): string {
  return `${stdout}\n${stderr}`
}

/** Deploys like a person who gives consent only after it is asked for. */
async function deploy(
  slipway: (...args: string[]) => Promise<CliRun>,
  target: TestTarget,
): Promise<{ readonly last: CliRun; readonly all: readonly CliRun[] }> {
  const all: CliRun[] = []
  const accept = new Set<string>()
  let confirm: string[] = []
  for (;;) {
    const accepted = accept.size > 0 ? ['--accept', [...accept].join(',')] : []
    const run = await slipway('deploy', '--env', 'production', ...confirm, ...accepted)
    all.push(run)
    const asked = [...run.stderr.matchAll(/--accept ([\w,-]+)/g)].flatMap(([, ids = '']) =>
      ids.split(','),
    )
    const isNew =
      asked.some((id) => !accept.has(id)) || (confirm.length === 0 && run.exitCode !== 0)
    if (run.exitCode === 0 || !isNew) return { last: run, all }
    for (const id of asked) accept.add(id)
    confirm = ['--confirm', target.name]
  }
}

function runPsql(url: string, script: string): void {
  const bin = postgresBin()
  execFileSync(join(bin ?? '', 'psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-d', url], {
    input: script,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

const SEQUENCES = `SELECT format('%I.%I', schemaname, sequencename) AS name,
    coalesce(last_value::text, 'not used') AS position
  FROM pg_sequences WHERE schemaname <> 'slipway' ORDER BY 1`

const TABLES = `SELECT c.oid::regclass::text AS name, CASE c.relkind WHEN 'm' THEN 'stored row' ELSE 'row' END AS word FROM pg_class c
  WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND c.relname <> '_prisma_migrations' AND c.relnamespace NOT IN
    (SELECT oid FROM pg_namespace WHERE nspname IN ('slipway', 'information_schema') OR nspname LIKE 'pg\\_%')
  ORDER BY 1`

const LARGE_OBJECTS = `SELECT format('large object %s: %s', oid, encode(lo_get(oid), 'hex')) AS object
  FROM pg_largeobject_metadata`

/** Reads the state of a database. */
export async function stateOf(target: TestTarget): Promise<State> {
  const sequences = await target.sql(SEQUENCES)
  const rows: string[] = []
  for (const { name, word } of await target.sql(TABLES)) {
    if (word === 'stored row') rows.push(`populated ${String(name)}`)
    const read = `SELECT to_jsonb(r.*)::text AS row FROM ONLY ${String(name)} AS r ORDER BY 1`
    for (const { row } of await target.sql(read))
      rows.push(`${String(word)} ${String(name)} ${String(row)}`)
  }
  for (const { object } of await target.sql(LARGE_OBJECTS)) rows.push(String(object))
  return {
    objects: dumpObjects(target.url),
    sequences: sequences.map(
      ({ name, position }) => `position ${String(name)} ${String(position)}`,
    ),
    rows,
  }
}

/** The missing and the new entries, one per line. */
export function differences(before: State, after: State): string[] {
  return (['objects', 'sequences', 'rows'] as const).flatMap((kind) => {
    const missing = without(before[kind], after[kind]).map((line) => `- ${line}`)
    const added = without(after[kind], before[kind]).map((line) => `+ ${line}`)
    return [...missing, ...added]
  })
}

/** The lines of one list that another lacks, as often as it lacks them. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}
