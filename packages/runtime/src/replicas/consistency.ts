import { sharedStorage } from '../storage.ts'
import { formatToken, latest, parseToken, type Requirement } from './position.ts'

/** What the reads of a request must see. */
export interface Session {
  required: Requirement | undefined
}

const sessions = sharedStorage<Session>('session')

export function currentSession(): Session | undefined {
  return sessions.getStore()
}

export function requireAtLeast(session: Session, requirement: Requirement): void {
  session.required = latest(session.required, requirement)
}

/**
 * Runs `work` so that its reads see what it wrote before, and what was written before `token` was issued. In `work`,
 * {@link consistencyToken} returns the token for the user's next request. A text that is not a token is ignored.
 */
export function withConsistency<T>(token: string | undefined, work: () => T): T {
  return sessions.run({ required: parseToken(token) }, work)
}

/** The token for everything that was written in this `withConsistency`; undefined if nothing was. */
export function consistencyToken(): string | undefined {
  const required = sessions.getStore()?.required
  return required && formatToken(required)
}

/** The cookie of `withConsistencyCookie`, for pages that read it themselves. */
export const CONSISTENCY_COOKIE = 'slipway-consistency'
/** Longer than the lag of any usable replica: after this time, each of them shows the write. */
const COOKIE_SECONDS = 60

/**
 * Wraps a Web handler so that a user's reads see the user's writes, even in later requests to any instance. A cookie
 * carries the token.
 */
export function withConsistencyCookie<A extends readonly unknown[]>(
  handler: (request: Request, ...rest: A) => Promise<Response>,
): (request: Request, ...rest: A) => Promise<Response> {
  return async (request, ...rest) => {
    const given = cookieOf(request)
    return await withConsistency(given, async () => {
      const response = await handler(request, ...rest)
      const token = consistencyToken()
      if (token === undefined || token === given) return response
      // Headers of some responses are immutable.
      const answer = new Response(response.body, response)
      const attributes = `Path=/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax`
      answer.headers.append('set-cookie', `${CONSISTENCY_COOKIE}=${token}; ${attributes}`)
      return answer
    })
  }
}

function cookieOf(request: Request): string | undefined {
  const cookies = request.headers.get('cookie')?.split(/;\s*/) ?? []
  return cookies
    .find((cookie) => cookie.startsWith(`${CONSISTENCY_COOKIE}=`))
    ?.slice(CONSISTENCY_COOKIE.length + 1)
}
