import { hash } from 'node:crypto'
import { classifyError } from 'slipway-runtime/errors'
import { withRetry } from 'slipway-runtime/retry'
import type { PrismaClient } from '../../generated/prisma/client.ts'
import type { Database } from '../db.ts'
import { HttpProblem } from './problem.ts'

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/** A response that can be sent again. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
}

/**
 * Does the work of a POST in one transaction, once for each Idempotency-Key: a repeated request gets the same response,
 * even while the first one is still running. Only successful responses are kept.
 */
export async function oncePerKey(
  { prisma, retryPolicy }: Database,
  { request, body }: { request: Request; body: string },
  work: (tx: Transaction) => Promise<Answer>,
): Promise<Response> {
  const key = request.headers.get('idempotency-key')
  const options = { policy: retryPolicy, confirmCommit: true }
  if (key === null) return respondWith(await withRetry(prisma, work, options))
  if (!/^[\x21-\x7e]{1,64}$/.test(key)) {
    throw new HttpProblem(400, 'An Idempotency-Key has 1 to 64 visible ASCII characters.')
  }
  const { pathname } = new URL(request.url)
  const requestHash = hash('sha256', [request.method, pathname, body].join('\n'), 'base64url')
  const stored = await findAnswer(prisma, key, requestHash)
  if (stored) return stored
  try {
    const answer = await withRetry(
      prisma,
      async (tx) => {
        // A second request with the same key waits here until the first one ends.
        const placeholder = { key, requestHash, status: 0, headers: {}, body: '' }
        await tx.idempotencyKey.create({ data: placeholder })
        const done = await work(tx)
        const data = { ...done, body: JSON.stringify(done.body) }
        await tx.idempotencyKey.update({ where: { key }, data })
        return done
      },
      options,
    )
    return respondWith(answer)
  } catch (error) {
    const found = isTaken(error) ? await findAnswer(prisma, key, requestHash) : undefined
    if (found) return found
    throw error
  }
}

function isTaken(error: unknown): boolean {
  return classifyError(error).sqlState === '23505'
}

async function findAnswer(
  prisma: PrismaClient,
  key: string,
  requestHash: string,
): Promise<Response | undefined> {
  const found = await prisma.idempotencyKey.findUnique({ where: { key } })
  if (!found) return undefined
  if (found.requestHash !== requestHash) {
    throw new HttpProblem(422, 'This Idempotency-Key was used for another request.')
  }
  return respond(found.status, found.headers as Answer['headers'], found.body)
}

function respondWith({ status, headers, body }: Answer): Response {
  return respond(status, headers, JSON.stringify(body))
}

function respond(status: number, headers: Answer['headers'], body: string): Response {
  return new Response(body, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}
