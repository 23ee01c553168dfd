/** The connection string or an option of the pool cannot be used. The message contains no secret. */
export class PoolConfigError extends Error {
  override readonly name = 'PoolConfigError'
  readonly code = 'POOL_CONFIG'
}
