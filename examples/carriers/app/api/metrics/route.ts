import { database } from '../../../src/db.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request): Promise<Response> {
  return await (await database()).prometheus.handler(request)
}
