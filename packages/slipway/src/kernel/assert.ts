/** A bug: the program is in a state that its author held impossible. Ends a command with exit 1. */
class Bug extends Error {
  override readonly name = 'Bug'
}

/** Closes a `switch` over a union: the compiler proves that no case is left out. */
export function assertNever(value: never): never {
  throw new Bug(`Unexpected value: ${JSON.stringify(value)}`)
}

/** States what must hold. Where it does not, that is a bug, not a failure. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}

/** The value, which must be there. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Bug(`Missing ${what}`)
  return value
}
