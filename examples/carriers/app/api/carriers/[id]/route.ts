import {
  etagOf,
  parseJson,
  readBody,
  requireVersion,
  respondWithChanged,
  staleVersion,
} from '../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../src/api/route.ts'
import { deleteCarrier, readCarrier, updateCarrier } from '../../../../src/carriers.ts'
import { carrierPatch } from '../../../../src/schemas.ts'

export const GET = route(async ({ request, db, id }) => {
  const carrier = await readCarrier(db.prisma, id)
  const headers = { etag: etagOf(carrier), 'cache-control': 'private, no-cache' }
  if (request.headers.get('if-none-match') === headers.etag) {
    return new Response(null, { status: 304, headers })
  }
  return Response.json(carrier, { headers })
})

export const PATCH = route(async ({ request, db, id }) => {
  const patch = carrierPatch.parse(parseJson(await readBody(request)))
  const version = requireVersion(request)
  const changed = await updateCarrier(db.prisma, { id, version, patch, policy: db.retryPolicy })
  return respondWithChanged(changed)
})

export const DELETE = route(async ({ request, db, id }) => {
  if (!(await deleteCarrier(db.prisma, { id, version: requireVersion(request) })))
    throw staleVersion()
  return new Response(null, { status: 204 })
})

export const POST = notAllowed('GET, HEAD, PATCH, DELETE')
export const PUT = POST
