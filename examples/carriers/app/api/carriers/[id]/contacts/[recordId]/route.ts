import {
  parseJson,
  readBody,
  requireVersion,
  respondWithChanged,
} from '../../../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../../../src/api/route.ts'
import { removeContact, saveContact } from '../../../../../../src/carriers.ts'
import { newContact } from '../../../../../../src/schemas.ts'

export const PUT = route(async ({ request, db, id, recordId }) => {
  const contact = newContact.parse(parseJson(await readBody(request)))
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  const changed = await saveContact(db.prisma, { ...basis, contact, contactId: recordId })
  return respondWithChanged(changed)
})

export const DELETE = route(async ({ request, db, id, recordId }) => {
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  return respondWithChanged(await removeContact(db.prisma, { ...basis, contactId: recordId }))
})

export const POST = notAllowed('PUT, DELETE')
export const PATCH = POST
export const GET = POST
