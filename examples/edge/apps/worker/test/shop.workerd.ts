import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { beforeAll, expect, test } from 'vitest'
import type { Env as Bindings } from '../src/env.ts'

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import('../src/index.ts')
    }
    interface Env extends Bindings {
      readonly MIGRATIONS: D1Migration[]
      readonly DEPLOYED: string[]
    }
  }
}

beforeAll(async () => {
  if (env.DEPLOYED.length === 0) await applyD1Migrations(env.DB, env.MIGRATIONS)
  else await env.DB.batch(env.DEPLOYED.map((sql) => env.DB.prepare(sql)))
})

async function call(method: string, path: string, body?: unknown) {
  const response = await exports.default.fetch(`https://shop.example${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

async function count(table: string): Promise<number> {
  const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>()
  return row?.n ?? 0
}

let customers = 0
async function newCustomer(): Promise<number> {
  const email = `customer-${customers++}@example.com`
  const { status, body } = await call('POST', '/customers', { email, name: 'Ada' })
  expect(status).toBe(201)
  return body.id
}

const ITEMS = [
  { product: 'Desk lamp', quantity: 1, priceCents: 4900 },
  { product: 'Light bulb', quantity: 4, priceCents: 350 },
]

test('a customer is created, read and listed, and its email is then taken', async () => {
  const ada = { email: 'ada@example.com', name: 'Ada Lovelace', phone: '+44 20 7946 0001' }
  const { status, body } = await call('POST', '/customers', ada)
  expect(status).toBe(201)
  expect(body).toMatchObject(ada)
  expect((await call('GET', `/customers/${body.id}`)).body).toMatchObject({
    ...ada,
    _count: { orders: 0 },
  })
  const { body: list } = await call('GET', `/customers?limit=1&after=${body.id - 1}`)
  expect(list.customers).toMatchObject([ada])
  expect((await call('POST', '/customers', ada)).status).toBe(409)
})

test('an order and its items are written together', async () => {
  const id = await newCustomer()
  const made = await call('POST', `/customers/${id}/orders`, { note: 'Ring twice', items: ITEMS })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    customerId: id,
    note: 'Ring twice',
    status: 'open',
    items: ITEMS,
  })
  const paid = await call('PATCH', `/orders/${made.body.id}`, { status: 'paid' })
  expect(paid.body).toMatchObject({ status: 'paid', items: ITEMS })
  expect((await call('GET', `/orders/${made.body.id}`)).body).toEqual(paid.body)
  expect((await call('GET', `/customers/${id}/orders`)).body.orders).toEqual([paid.body])
  expect(Date.now() - Date.parse(made.body.createdAt)).toBeLessThan(60_000)
})

test('an order of 200 items is within the limits of D1', async () => {
  const id = await newCustomer()
  const items = Array.from({ length: 200 }, (_, index) => ({
    ...ITEMS[0],
    product: `No. ${index}`,
  }))
  const { status, body } = await call('POST', `/customers/${id}/orders`, { items })
  expect(status).toBe(201)
  expect(body.items).toHaveLength(200)
})

test('deleting a customer also deletes its orders and items', async () => {
  const before = { orders: await count('orders'), items: await count('items') }
  const id = await newCustomer()
  await call('POST', `/customers/${id}/orders`, { items: ITEMS })
  expect(await count('items')).toBe(before.items + 2)
  expect((await call('DELETE', `/customers/${id}`)).status).toBe(204)
  expect({ orders: await count('orders'), items: await count('items') }).toEqual(before)
  expect((await call('GET', `/customers/${id}`)).status).toBe(404)
  expect((await call('DELETE', `/customers/${id}`)).status).toBe(404)
})

test.each([
  ['POST', '/customers', { email: 'no', name: 'A' }, 400],
  ['POST', '/customers', { email: 'a@example.com', name: 'A', admin: true }, 400],
  ['POST', '/customers/1/orders', { items: [] }, 400],
  ['POST', '/customers/999999/orders', { items: ITEMS }, 404],
  ['GET', '/customers?limit=1000', undefined, 400],
  ['GET', '/customers/x', undefined, 404],
  ['GET', '/orders/x', undefined, 404],
  ['PATCH', '/orders/x', { status: 'paid' }, 404],
  ['PATCH', '/orders/x', { status: 'lost' }, 400],
  ['GET', '/nothing', undefined, 404],
])('%s %s %o is refused: %i', async (method, path, body, status) => {
  const orders = await count('orders')
  const refused = await call(method, path, body)
  expect(refused.status).toBe(status)
  expect(refused.body.error).toEqual(expect.any(String))
  expect(await count('orders')).toBe(orders)
})

test('the health endpoint reports the migrations of the database', async () => {
  const last = env.MIGRATIONS.at(-1)?.name
  const { status, body } = await call('GET', '/health')
  expect(status).toBe(200)
  expect(body).toEqual({ status: 'ok', migrations: { pending: [], ahead: [], last } })

  await env.DB.prepare("INSERT INTO d1_migrations (name) VALUES ('9999_next.sql')").run()
  expect(await call('GET', '/health')).toMatchObject({
    status: 200,
    body: { status: 'ahead', migrations: { ahead: ['9999_next.sql'] } },
  })
  await env.DB.prepare('DELETE FROM d1_migrations WHERE name = ?').bind('9999_next.sql').run()

  await env.DB.prepare('DELETE FROM d1_migrations WHERE name = ?').bind(last).run()
  expect(await call('GET', '/health')).toMatchObject({
    status: 503,
    body: { status: 'behind', migrations: { pending: [last] } },
  })
  await env.DB.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(last).run()
})
