import { withActor } from 'slipway-runtime/actor'
import { withConsistencyCookie } from 'slipway-runtime/replicas'
import { z } from 'zod'
import { type Database, database } from '../db.ts'
import { logger } from '../logger.ts'
import { recordId } from '../schemas.ts'
import { HttpProblem, problemOf, problemResponse } from './problem.ts'
import { limitRate } from './rate-limit.ts'

export interface RouteContext {
  readonly request: Request
  readonly db: Database
  /** The carrier ID in the path; 0 if there is none. */
  readonly id: number
  /** The contact or policy ID in the path; 0 if there is none. */
  readonly recordId: number
}

interface Parameters {
  readonly params: Promise<{ readonly id?: string; readonly recordId?: string } | undefined>
}

/** Next.js passes no parameters to a route without any in its path. */
const pathIds = z.object({ id: recordId.default(0), recordId: recordId.default(0) })

/**
 * A route of the API: limits the rate, opens the database, lets a user's reads see the user's writes, names the actor of
 * writes, and turns errors into problem documents.
 */
export function route(
  handle: (context: RouteContext) => Promise<Response>,
): (request: Request, parameters: Parameters) => Promise<Response> {
  return withConsistencyCookie(async (request: Request, { params }: Parameters) => {
    try {
      await limitRate(request)
      const ids = pathIds.parse((await params) ?? {})
      const context = { request, db: await database(), ...ids }
      // This example has no sign-in; a real application passes the user of its session.
      return await withActor('carriers-api', () => handle(context))
    } catch (error) {
      const problem = problemOf(error)
      if (problem.body.status >= 500) logger.error({ err: error }, 'request failed')
      return problemResponse(problem)
    }
  })
}

/** A route for a method that a path does not have. `allow` lists those that it has. */
export function notAllowed(allow: string): () => Response {
  return () =>
    problemResponse(new HttpProblem(405, `Allowed here: ${allow}.`, { headers: { allow } }))
}
