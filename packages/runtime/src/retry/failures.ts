/** The last operations found the database unavailable, so this one was not attempted. `retryAfter` is in ms. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError'
  readonly code = 'CIRCUIT_OPEN'
  readonly retryAfter: number

  constructor(retryAfter: number, cause: unknown) {
    super('Not attempted: the last operations found the database unavailable.', { cause })
    this.retryAfter = retryAfter
  }
}

/** Checks the code, because the error may come from another copy of this package. */
export function isCircuitOpen(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === 'CIRCUIT_OPEN'
}

/**
 * The connection was lost during COMMIT, so it is unknown whether the transaction was committed. Read the rows before
 * writing again, or pass `confirmCommit` to `withRetry`, which asks the server.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'OUTCOME_UNKNOWN'

  constructor(cause: unknown) {
    super(
      'The connection was lost during COMMIT: it is unknown whether the transaction was committed.',
      {
        cause,
      },
    )
  }
}
