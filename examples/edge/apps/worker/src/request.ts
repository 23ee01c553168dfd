import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'

/** The JSON body of a request. Fails with 400, and names the fields. */
export async function readBody<T extends z.ZodType>(
  context: Context,
  schema: T,
): Promise<z.infer<T>> {
  const body: unknown = await context.req.json().catch(() => undefined)
  return check(schema, body)
}

/** The ID in the path. Fails with 404 if no record can have it. */
export function readId(context: Context): number {
  const id = Number(context.req.param('id'))
  if (!Number.isSafeInteger(id) || id < 1) return notFound('customer')
  return id
}

/** A page of a list: `limit` is at most 100, `after` is the last ID of the previous page. */
export function readPage(context: Context): { readonly limit: number; readonly after: number } {
  return check(PAGE, context.req.query())
}

const PAGE = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  after: z.coerce.number().int().min(0).default(0),
})

function check<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const read = schema.safeParse(value)
  if (read.success) return read.data
  throw new HTTPException(400, { message: z.prettifyError(read.error) })
}

/** Ends the request with 404. */
export function notFound(what: 'customer' | 'order'): never {
  throw new HTTPException(404, { message: `There is no such ${what}.` })
}
