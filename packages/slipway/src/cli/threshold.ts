import type { Finding, FlagSpec } from './command.ts'
import type { Flags } from './flags.ts'

/** The flag that sets which findings make a command exit 4. */
export const FAIL_ON = {
  'fail-on': {
    kind: 'choice',
    value: '<severity>',
    choices: ['error', 'warning', 'never'],
    summary: 'exit 4 on findings of this severity or higher: error (default), warning, never',
  },
} as const satisfies Readonly<Record<string, FlagSpec>>

/** The exit code for findings, according to `--fail-on`. */
export function exitCodeOfFindings(findings: readonly Finding[], flags: Flags): 0 | 4 {
  const threshold = flags.text('fail-on') ?? 'error'
  const failing = findings.some(
    ({ severity }) => severity === 'error' || (threshold === 'warning' && severity === 'warning'),
  )
  return threshold !== 'never' && failing ? 4 : 0
}
