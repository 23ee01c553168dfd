import { expect } from 'vitest'
import type { Failure } from '../../src/kernel/index.ts'
import { runCli } from '../cli-in-process.ts'
import { databaseSnapshot } from './database-snapshot.ts'

/** A command line that must be refused. */
export interface Refused {
  readonly argv: readonly string[]
  readonly cwd: string
  /** `--url`; the project's own setting if absent. */
  readonly url?: string
  readonly env?: Readonly<Record<string, string>>
  /** Exit code and `failure.code`. */
  readonly exit: number
  readonly code: string
  /** Connection string of the database that must stay unchanged. */
  readonly unchanged?: string
  /** The ledger may record the attempt. */
  readonly mayRecord?: boolean
  /** Words that no output may contain, in addition to the passwords of `url` and `unchanged`. */
  readonly secrets?: readonly string[]
}

/** The JSON document of a refused command. */
export interface Refusal {
  readonly ok: boolean
  readonly result: Readonly<Record<string, unknown>>
  readonly failure: Failure
  readonly next: readonly object[]
}

/**
 * Runs the command line and checks what every refusal must have: the exit code, one JSON document with the
 * code and a next step, no secret in any output, and an unchanged database.
 */
export async function refusal(refused: Refused): Promise<Refusal> {
  const { argv, cwd, url, env = {}, exit, code, unchanged, mayRecord = false } = refused
  const look = async () => unchanged && (await databaseSnapshot(unchanged, { ledger: !mayRecord }))
  const before = await look()
  const flags = [...(url === undefined ? [] : ['--url', url]), '--json']
  const ran = await runCli([...argv, ...flags], { cwd, env })
  const document = JSON.parse(ran.stdout) as Refusal
  expect({ exit: ran.exitCode, ok: document.ok, code: document.failure.code }, ran.stdout).toEqual({
    exit,
    ok: false,
    code,
  })
  expect(document.next, 'a next step').not.toEqual([])
  const secrets = [...(refused.secrets ?? []), ...[url, unchanged].flatMap(passwordOf)]
  for (const secret of secrets) expect(ran.stdout + ran.stderr).not.toContain(secret)
  expect(await look()).toEqual(before)
  return document
}

/** The password of a connection string. A short one is ignored: any text may contain it by chance. */
function passwordOf(url: string | undefined): string[] {
  const password =
    url === undefined ? '' : decodeURIComponent(/:\/\/[^/@]*:([^/]*)@/.exec(url)?.[1] ?? '')
  return password.length < 8 ? [] : [password]
}

/** The next steps of a failure, as one text. */
export function nextSteps({ nextActions }: Failure): string {
  return JSON.stringify(nextActions).replaceAll(String.raw`\"`, '"')
}
