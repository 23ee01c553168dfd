import { openApiDocument } from '../../../src/openapi.ts'

export function GET(): Response {
  return Response.json(openApiDocument())
}
