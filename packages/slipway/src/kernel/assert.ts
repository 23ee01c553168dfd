/** A bug: the program is in a state that its author considered impossible. Ends a command with exit 1. */
class Bug extends Error {
  override readonly name = 'Bug'
}

/** Closes a `switch` over a union: the compiler proves that no case is missing. */
export function assertNever(value: never): never {
  throw new Bug(`Unexpected value: ${JSON.stringify(value)}`)
}

/** Asserts a condition. If it is false, that is a bug, not a failure. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}

/** The value, which must be defined. */
export function must<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Bug(`Missing ${what}`)
  return value
}
