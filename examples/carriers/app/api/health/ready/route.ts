import { healthOfInstance } from '../../../../src/observability.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request): Promise<Response> {
  return await (await healthOfInstance()).ready(request)
}
