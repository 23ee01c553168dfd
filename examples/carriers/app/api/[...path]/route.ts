import { HttpProblem, problemResponse } from '../../../src/api/problem.ts'

/** All other paths of the API. */
export const GET = () => problemResponse(new HttpProblem(404, 'There is nothing at this path.'))
export const POST = GET
export const PUT = GET
export const PATCH = GET
export const DELETE = GET
