import { expect } from 'vitest'
import type { Failure } from '../../src/kernel/index.ts'
import { runCli } from '../cli-in-process.ts'
import { everythingIn } from './everything.ts'

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
  /** The database that must be as it was before. */
  readonly unchanged?: string
  /** The ledger may say what was tried. */
  readonly mayRecord?: boolean
  /** Words that must not be seen anywhere, beside the passwords of `url` and `unchanged`. */
  readonly secrets?: readonly string[]
}

/** What the JSON document of a refused command holds. */
export interface Refusal {
  readonly ok: boolean
  readonly result: Readonly<Record<string, unknown>>
  readonly failure: Failure
  readonly next: readonly object[]
}

/**
 * Runs the command line, and checks what holds for every refusal: exit code, one JSON document, its
 * code, a next step, no secret in any output, and a database that is as it was.
 */
export async function refusal(refused: Refused): Promise<Refusal> {
  const { argv, cwd, url, env = {}, exit, code, unchanged, mayRecord = false } = refused
  const look = async () => unchanged && (await everythingIn(unchanged, { ledger: !mayRecord }))
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

/** The password of a connection string; a short one may stand in any text by chance. */
function passwordOf(url: string | undefined): string[] {
  const password =
    url === undefined ? '' : decodeURIComponent(/:\/\/[^/@]*:([^/]*)@/.exec(url)?.[1] ?? '')
  return password.length < 8 ? [] : [password]
}

/** The next steps of a failure, as one text. */
export function nextSteps({ nextActions }: Failure): string {
  return JSON.stringify(nextActions).replaceAll(String.raw`\"`, '"')
}
