/** Bounds retries to a share of the work, so that they cannot multiply the load on a server in trouble. */
export interface RetryBudget {
  /** Records an operation that was begun, which earns a share of a retry. */
  deposit(): void
  /** Takes one retry; false if none is left. */
  withdraw(): boolean
}

/** `ratio` retries for each operation, and `burst` at most in reserve; the reserve is full at the beginning. */
export function createBudget(ratio: number, burst: number): RetryBudget {
  let tokens = burst
  return {
    deposit: () => {
      tokens = Math.min(burst, tokens + ratio)
    },
    withdraw: () => {
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
