import {
  parseJson,
  readBody,
  requireVersion,
  respondWithChanged,
} from '../../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../../src/api/route.ts'
import { savePolicy } from '../../../../../src/carriers.ts'
import { newPolicy } from '../../../../../src/schemas.ts'

export const POST = route(async ({ request, db, id }) => {
  const insurance = newPolicy.parse(parseJson(await readBody(request)))
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  return respondWithChanged(await savePolicy(db.prisma, { ...basis, insurance }))
})

export const PUT = notAllowed('POST')
export const PATCH = PUT
export const DELETE = PUT
export const GET = PUT
