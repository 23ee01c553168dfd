export const dynamic = 'force-dynamic'

/** The process answers. It opens nothing: a database that is away is no reason to restart. */
export function GET(): Response {
  return Response.json({ status: 'live' }, { headers: { 'cache-control': 'no-store' } })
}
