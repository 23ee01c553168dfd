import { createClient, Prisma } from '@edge/database'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import type { Env } from './env.ts'
import { createOrder, NEW_ORDER } from './new-order.ts'
import { notFound, readBody, readId, readPage } from './request.ts'

const NEW_CUSTOMER = z.strictObject({
  email: z.email().max(254),
  name: z.string().trim().min(1).max(200),
  phone: z.string().trim().min(1).max(40).optional(),
})

/** Customers, and the orders of one. */
export const customers = new Hono<{ Bindings: Env }>()
  .get('/', async (context) => {
    const { limit, after } = readPage(context)
    const page = await createClient(context.env.DB).customer.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
    })
    return context.json({ customers: page })
  })
  .post('/', async (context) => {
    const { email, name, phone = null } = await readBody(context, NEW_CUSTOMER)
    try {
      const data = { email, name, phone }
      return context.json(await createClient(context.env.DB).customer.create({ data }), 201)
    } catch (error) {
      if (isTaken(error))
        throw new HTTPException(409, { message: 'A customer with this email already exists.' })
      throw error
    }
  })
  .get('/:id', async (context) => {
    const where = { id: readId(context) }
    const found = await createClient(context.env.DB).customer.findUnique({
      where,
      include: { _count: { select: { orders: true } } },
    })
    return context.json(found ?? notFound('customer'))
  })
  .delete('/:id', async (context) => {
    // The database deletes the orders and their items: ON DELETE CASCADE.
    const where = { id: readId(context) }
    const { count } = await createClient(context.env.DB).customer.deleteMany({ where })
    if (count === 0) notFound('customer')
    return context.body(null, 204)
  })
  .get('/:id/orders', async (context) => {
    const customerId = readId(context)
    const found = await createClient(context.env.DB).order.findMany({
      where: { customerId },
      orderBy: { createdAt: 'desc' },
      include: { items: true },
      take: 100,
    })
    return context.json({ orders: found })
  })
  .post('/:id/orders', async (context) => {
    const customerId = readId(context)
    const order = await readBody(context, NEW_ORDER)
    const client = createClient(context.env.DB)
    const id = await createOrder(context.env.DB, customerId, order)
    if (id === undefined) return notFound('customer')
    const made = await client.order.findUnique({ where: { id }, include: { items: true } })
    return context.json(made, 201)
  })

/** P2002: the unique index refused the row. */
function isTaken(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}
