import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Whether a request has the token (`Authorization: Bearer <token>`); takes the same time for every wrong token. No
 * request has an empty one, which an unset environment variable may give.
 */
export function hasBearerToken(request: Request, token: string): boolean {
  const given = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
  return token !== '' && timingSafeEqual(hash(given), hash(token))
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
