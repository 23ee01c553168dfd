export { poolConfig, type PoolConfig, type PoolOptions, type PoolPreset } from './config.ts'
export { checkPoolSize, type PoolFit } from './size.ts'
export { createPool, type PoolState, poolState } from './pool.ts'
