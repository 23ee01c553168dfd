import {
  parseJson,
  readBody,
  requireVersion,
  respondWithChanged,
} from '../../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../../src/api/route.ts'
import { saveContact } from '../../../../../src/carriers.ts'
import { newContact } from '../../../../../src/schemas.ts'

export const POST = route(async ({ request, db, id }) => {
  const contact = newContact.parse(parseJson(await readBody(request)))
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  return respondWithChanged(await saveContact(db.prisma, { ...basis, contact }))
})

export const PUT = notAllowed('POST')
export const PATCH = PUT
export const DELETE = PUT
export const GET = PUT
