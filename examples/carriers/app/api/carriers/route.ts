import { oncePerKey } from '../../../src/api/idempotency.ts'
import { etagOf, parseJson, readBody, readQuery } from '../../../src/api/request.ts'
import { notAllowed, route } from '../../../src/api/route.ts'
import { createCarrier, listCarriers } from '../../../src/carriers.ts'
import { carrierQuery, newCarrier } from '../../../src/schemas.ts'

export const GET = route(async ({ request, db }) => {
  const query = carrierQuery.parse(readQuery(request))
  const page = await listCarriers(db.prisma, query)
  return Response.json(page, { headers: { 'cache-control': 'no-store' } })
})

export const POST = route(async ({ request, db }) => {
  const body = await readBody(request)
  const carrier = newCarrier.parse(parseJson(body))
  return await oncePerKey(db, { request, body }, async (tx) => {
    const created = await createCarrier(tx, carrier)
    const headers = { etag: etagOf(created), location: `/api/carriers/${created.id}` }
    return { status: 201, headers, body: created }
  })
})

export const PUT = notAllowed('GET, HEAD, POST')
export const PATCH = PUT
export const DELETE = PUT
