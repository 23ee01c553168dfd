const OPEN_ENVIRONMENTS = new Set(['development', 'testing'])

/** Whether an environment is one in which data may be destroyed without consent, if its database is its own. */
export function isOpen(environment: string): boolean {
  return OPEN_ENVIRONMENTS.has(environment)
}
