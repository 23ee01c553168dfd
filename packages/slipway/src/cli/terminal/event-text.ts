import {
  assertNever,
  type Blocker,
  type Event,
  formatBytes,
  formatDuration,
} from '../../kernel/index.ts'

/** An event as one line for people. */
export function eventText(event: Event): string {
  switch (event.kind) {
    case 'phase':
      return event.detail ? `${event.phase}: ${event.detail}` : event.phase
    case 'lock-waiting':
      return `waiting for the deploy lock (${formatDuration(event.waitedMs)})${heldBy(event.holders)}`
    case 'migration-started':
      return `[${event.index + 1}/${event.total}] ${event.migration}`
    case 'statement-started':
      return `${event.migration}: statement ${event.statement} of ${event.total}`
    case 'blocked':
      return (
        `${event.migration}: attempt ${event.attempt} did not get its lock${blockedBy(event.blockers)}. ` +
        `Retrying in ${formatDuration(event.retryInMs)}`
      )
    case 'migration-done':
      return `${event.migration}: done in ${formatDuration(event.ms)}${attempts(event.attempts)}`
    case 'migration-failed':
      return `${event.migration}: failed (${event.code})`
    case 'transferred':
      return transferText(event)
    case 'notice':
      return event.message
    default:
      return assertNever(event)
  }
}

/** The expected size is only an estimate, so no remaining time is shown after it was reached. */
function transferText(event: Event & { readonly kind: 'transferred' }): string {
  const { what, bytes, expectedBytes, ms } = event
  const rate = (bytes / Math.max(ms, 1)) * 1000
  const done = `${what}: ${formatBytes(bytes)}, ${formatBytes(rate)}/s`
  if (bytes === 0 || expectedBytes <= bytes) return done
  return `${done}, about ${formatDuration(((expectedBytes - bytes) / rate) * 1000)} left`
}

function heldBy(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return ''
  return `, held by ${blockers.map(blockerText).join(' and ')}`
}

function blockedBy(blockers: readonly Blocker[]): string {
  if (blockers.length === 0) return ''
  return `; held by ${blockers.map(blockerText).join(' and ')}`
}

function blockerText({ pid, application, user, state, query, ageMs }: Blocker): string {
  const who = [application, user].filter((part) => part !== '').join(', ')
  const shown = query === '' ? '' : `: ${query.replaceAll(/\s+/g, ' ').slice(0, 120)}`
  return `pid ${pid} (${who}; ${state} for ${formatDuration(ageMs)})${shown}`
}

function attempts(count: number): string {
  return count > 1 ? `, ${count} attempts` : ''
}
