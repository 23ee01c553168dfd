import { PrismaPg } from '@prisma/adapter-pg'
import { destination, pino } from 'pino'
import { log } from '../src/log/index.ts'
import { measurePool, metrics } from '../src/metrics/index.ts'
import { createPool } from '../src/pool/index.ts'
import { createRetryPolicy, retry, type RetryPolicy } from '../src/retry/index.ts'
import { PrismaClient } from '../test/generated/client.ts'

export interface BenchClient {
  readonly prisma: PrismaClient
  readonly policy?: RetryPolicy
  close(): Promise<void>
}

/** Prisma Client as in its documentation, with `max` connections. */
export function bareClient(url: string, max: number): BenchClient {
  const adapter = new PrismaPg({ connectionString: url, max })
  const prisma = new PrismaClient({ adapter })
  return { prisma, close: () => prisma.$disconnect() }
}

/** The same with pool, retry, log (at `info`, as in production) and metrics. */
export function runtimeClient(
  url: string,
  max: number,
  preset: 'server' | 'behind-pooler' = 'server',
): BenchClient {
  const pool = createPool(url, preset, { max, acquireTimeout: 10_000 })
  measurePool(pool, 'bench')
  const base = new PrismaClient({ adapter: new PrismaPg(pool) })
  const policy = createRetryPolicy()
  // Some measurements expect failures; logging costs the same as in production.
  const logger = pino({ level: 'info' }, destination('/dev/null'))
  const client = base.$extends(log({ logger })).$extends(metrics()).$extends(retry(policy))
  return {
    prisma: client as unknown as PrismaClient,
    policy,
    close: async () => {
      await base.$disconnect()
      await pool.end()
    },
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
