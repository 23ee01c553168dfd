const UNITS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * The milliseconds of a duration as people write it: `200ms`, `5s`, `15min`, `2h`, `7d`. Undefined if the
 * text is not a duration. A bare number is refused, because its unit would be a guess.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)$/.exec(text.trim())
  if (!match) return undefined
  const unit = match[2] as keyof typeof UNITS
  return Math.round(Number(match[1]) * UNITS[unit])
}

/** A duration as `parseDuration` reads it, in its largest whole unit: `90s`, `2h`. */
export function durationWord(ms: number): string {
  const unit = (['d', 'h', 'min', 's'] as const).find((one) => ms % UNITS[one] === 0) ?? 'ms'
  return `${ms / UNITS[unit]}${unit}`
}

/** A duration for people, in the largest unit that keeps it readable: `3 ms`, `1.2 s`, `4 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  if (ms % UNITS.d === 0) return `${ms / UNITS.d} ${ms === UNITS.d ? 'day' : 'days'}`
  if (ms % UNITS.h === 0) return `${ms / UNITS.h} h`
  const rounded = Math.round(ms / 1000)
  const [minutes, seconds] = [Math.floor(rounded / 60), rounded % 60]
  return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`
}
