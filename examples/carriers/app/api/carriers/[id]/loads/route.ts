import { parseJson, readBody, respondWithChanged } from '../../../../../src/api/request.ts'
import { notAllowed, route } from '../../../../../src/api/route.ts'
import { assignLoads } from '../../../../../src/carriers.ts'
import { loadAssignment } from '../../../../../src/schemas.ts'

export const POST = route(async ({ request, db, id }) => {
  const { references } = loadAssignment.parse(parseJson(await readBody(request)))
  const carrier = await assignLoads(db.prisma, { id, references, policy: db.retryPolicy })
  return respondWithChanged(carrier)
})

export const PUT = notAllowed('POST')
export const PATCH = PUT
export const DELETE = PUT
export const GET = PUT
