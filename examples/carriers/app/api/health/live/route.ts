export const dynamic = 'force-dynamic'

/** Whether the process answers. It opens no connection: an unreachable database is not a reason to restart. */
export function GET(): Response {
  return Response.json({ status: 'live' }, { headers: { 'cache-control': 'no-store' } })
}
