import {
  parseJson,
  readBody,
  requireVersion,
  respondWithChanged,
} from '../../../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../../../src/api/route.ts'
import { removePolicy, savePolicy } from '../../../../../../src/carriers.ts'
import { newPolicy } from '../../../../../../src/schemas.ts'

export const PUT = route(async ({ request, db, id, recordId }) => {
  const insurance = newPolicy.parse(parseJson(await readBody(request)))
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  const changed = await savePolicy(db.prisma, { ...basis, insurance, policyId: recordId })
  return respondWithChanged(changed)
})

export const DELETE = route(async ({ request, db, id, recordId }) => {
  const basis = { id, version: requireVersion(request), policy: db.retryPolicy }
  return respondWithChanged(await removePolicy(db.prisma, { ...basis, policyId: recordId }))
})

export const POST = notAllowed('PUT, DELETE')
export const PATCH = POST
export const GET = POST
