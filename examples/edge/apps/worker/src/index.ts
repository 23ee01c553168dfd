import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { customers } from './customers.ts'
import type { Env } from './env.ts'
import { health } from './health.ts'
import { orders } from './orders.ts'

const app = new Hono<{ Bindings: Env }>()
  .route('/health', health)
  .route('/customers', customers)
  .route('/orders', orders)

app.notFound((context) => context.json({ error: 'There is nothing at this path.' }, 404))

app.onError((error, context) => {
  if (error instanceof HTTPException) return context.json({ error: error.message }, error.status)
  // The error may quote rows, so it goes to the Worker's log, never to the client.
  console.error(error)
  return context.json({ error: 'The request failed.' }, 500)
})

export default app
