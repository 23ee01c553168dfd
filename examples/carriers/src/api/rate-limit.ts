import { RateLimiterMemory } from 'rate-limiter-flexible'
import { HttpProblem } from './problem.ts'

/** The allowed requests per client and minute, in each instance. */
const POINTS = Number(process.env['RATE_LIMIT'] ?? 600)

const limiter = new RateLimiterMemory({ points: POINTS, duration: 60 })

/** Counts a client's request; throws 429 if there were too many. */
export async function limitRate(request: Request): Promise<void> {
  // The proxy in front of us appends the address that it sees; clients can write anything before it. Without a proxy, all
  // requests come from this machine.
  const client = request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? 'local'
  try {
    await limiter.consume(client)
  } catch (refused) {
    const wait = (refused as { msBeforeNext?: number }).msBeforeNext ?? 1000
    throw new HttpProblem(429, 'Too many requests.', {
      headers: { 'retry-after': String(Math.ceil(wait / 1000)) },
    })
  }
}
