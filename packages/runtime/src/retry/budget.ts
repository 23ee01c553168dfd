/** Limits retries to a share of the work, so that they cannot multiply the load on a server in trouble. */
export interface RetryBudget {
  /** Records the start of an operation, which earns a share of a retry. */
  deposit(): void
  /** Takes one retry; false if none is left. */
  withdraw(): boolean
}

/** Each operation earns `ratio` retries; at most `burst` are kept in reserve, which is full at the beginning. */
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
