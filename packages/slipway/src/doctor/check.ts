/** The result of one check of `doctor`. */
export interface Check {
  readonly name: string
  /** `warning`: worth a look. `error`: a deploy would fail. */
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
