import type { CheckRequest } from '../check/index.ts'
import { parseDuration } from '../kernel/index.ts'
import type { Context } from './command.ts'
import { raise } from './failures.ts'
import type { Flags } from './flags.ts'
import type { Work } from './work.ts'

const DEADLINE_MS = 5 * 60_000

/** What `check --load` asks for. A target's rows are counted where one is named, unless `--rows` says how many. */
export async function loadRequest(
  { signal }: Pick<Context, 'signal'>,
  flags: Flags,
  { target }: Pick<Work, 'target'>,
): Promise<NonNullable<CheckRequest['load']>> {
  const { lockTimeoutMs, statementTimeoutMs } = target.policy
  const [rows, factor] = [flags.number('rows'), flags.number('factor')]
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(factor === undefined ? {} : { factor }),
    ...(target.address.kind === 'postgres' ? { target: target.address } : {}),
    limits: { lockTimeoutMs, statementTimeoutMs },
    deadlineMs: deadlineOf(flags.text('deadline')),
    signal,
  }
}

/** Refuses what says how to load where there is no load. */
export function refuseWithoutLoad(flags: Flags): void {
  if (flags.on('load')) return
  const given = [
    flags.number('rows') === undefined ? [] : ['rows'],
    flags.number('factor') === undefined ? [] : ['factor'],
    flags.text('deadline') === undefined ? [] : ['deadline'],
  ].flat()
  if (given.length === 0) return
  const names = given.map((name) => `\`--${name}\``).join(', ')
  raise('CLI.FLAG_CONFLICT', {
    message: `${names} ${given.length > 1 ? 'belong' : 'belongs'} to \`--load\`.`,
  })
}

function deadlineOf(text: string | undefined): number {
  if (text === undefined) return DEADLINE_MS
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  const message = `\`--deadline\` takes a duration, as 90s or 5min: not ${text}.`
  return raise('CLI.FLAG_VALUE', { message })
}
