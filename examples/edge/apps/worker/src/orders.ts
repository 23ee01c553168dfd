import { createClient } from '@edge/database'
import { Hono } from 'hono'
import { z } from 'zod'
import type { Env } from './env.ts'
import { notFound, readBody } from './request.ts'

const ORDER_CHANGE = z.strictObject({ status: z.enum(['open', 'paid', 'shipped', 'cancelled']) })

/** Orders by ID. */
export const orders = new Hono<{ Bindings: Env }>()
  .get('/:id', async (context) => {
    const found = await createClient(context.env.DB).order.findUnique({
      where: { id: context.req.param('id') },
      include: { items: true },
    })
    return context.json(found ?? notFound('order'))
  })
  .patch('/:id', async (context) => {
    const data = await readBody(context, ORDER_CHANGE)
    const id = context.req.param('id')
    const client = createClient(context.env.DB)
    const { count } = await client.order.updateMany({ where: { id }, data })
    if (count === 0) return notFound('order')
    return context.json(await client.order.findUnique({ where: { id }, include: { items: true } }))
  })
