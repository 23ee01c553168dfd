/** The database was away a moment ago, so it was not asked. `retryAfter` is in ms. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError'
  readonly code = 'CIRCUIT_OPEN'
  readonly retryAfter: number

  constructor(retryAfter: number, cause: unknown) {
    super('The database was not asked: its last answers were that it is away.', { cause })
    this.retryAfter = retryAfter
  }
}

/** By its code: the error may be of another copy of this package. */
export function isCircuitOpen(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === 'CIRCUIT_OPEN'
}

/**
 * The connection broke during COMMIT: the transaction was committed or not, and nobody can tell. Read the rows before
 * writing again, or pass `confirmCommit` to `withRetry`, which asks the server.
 */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'OUTCOME_UNKNOWN'

  constructor(cause: unknown) {
    super(
      'The connection broke during COMMIT, so it is unknown whether the transaction was done.',
      {
        cause,
      },
    )
  }
}
