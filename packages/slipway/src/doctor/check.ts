/** One thing that `doctor` looked at. */
export interface Check {
  readonly name: string
  /** `warning` is worth a look; with `error` a deploy would fail. */
  readonly status: 'ok' | 'warning' | 'error' | 'skipped'
  readonly message: string
  /** What to do about it: a sentence or a command. */
  readonly fix?: string
}

export function passed(name: string, message: string): Check {
  return { name, status: 'ok', message }
}

export function warned(name: string, message: string, fix: string): Check {
  return { name, status: 'warning', message, fix }
}

export function failed(name: string, message: string, fix: string): Check {
  return { name, status: 'error', message, fix }
}

export function skipped(name: string, message: string): Check {
  return { name, status: 'skipped', message }
}

/** Bytes for people: `641.0 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
