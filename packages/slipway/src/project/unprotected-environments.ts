const OPEN_ENVIRONMENTS = new Set(['development', 'testing'])

/**
 * Whether data in an environment may be destroyed without consent, if the database is the environment's
 * own.
 */
export function isUnprotectedEnvironment(environment: string): boolean {
  return OPEN_ENVIRONMENTS.has(environment)
}
