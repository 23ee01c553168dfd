import type { Rule } from '../hazard.ts'

/** The default of `deploy.lockTimeout`, in milliseconds. */
const OURS_MS = 200

/** While a session waits for a lock, all other sessions that need the table queue behind it. */
export const lockTimeoutWeak: Rule = {
  id: 'lock-timeout-weak',
  title: 'The file waits longer for locks than a deploy allows',
  judge(action) {
    if (action.kind !== 'set') return undefined
    if (action.setting !== 'lock_timeout' && action.setting !== '*') return undefined
    const ms = action.value === undefined ? 0 : millisecondsOf(action.value)
    if (ms === undefined || (ms > 0 && ms <= OURS_MS)) return undefined
    const wait = ms === 0 ? 'without a limit' : `for up to ${action.value}`
    return {
      severity: ms === 0 ? 'warning' : 'info',
      message: `After this statement the session waits ${wait} for a lock, and every query that needs the same table waits behind it. A Slipway deploy restores its own limit before the next statement; prisma migrate deploy and psql do not.`,
    }
  },
}

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A value of the setting in milliseconds, the default unit. */
function millisecondsOf(value: string): number | undefined {
  const [, number = '', unit = 'ms'] =
    /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value) ?? []
  const factor = UNITS[unit]
  return number === '' || factor === undefined ? undefined : Number(number) * factor
}
