import { z } from 'zod'

/** The body of a request that creates an order. */
export const NEW_ORDER = z.strictObject({
  note: z.string().trim().min(1).max(500).optional(),
  items: z
    .array(
      z.strictObject({
        product: z.string().trim().min(1).max(200),
        quantity: z.int().min(1).max(1000),
        priceCents: z.int().min(0).max(10_000_000),
      }),
    )
    .min(1)
    .max(200),
})

/**
 * Writes an order and its items, all or nothing. Returns its ID; undefined if there is no such customer. Prisma
 * runs no transactions on D1, not even for a nested `create`, but a D1 batch is one. The items are one JSON
 * parameter, because a D1 statement can have at most 100 parameters.
 */
export async function createOrder(
  database: D1Database,
  customerId: number,
  { note, items }: z.infer<typeof NEW_ORDER>,
): Promise<string | undefined> {
  const id = crypto.randomUUID()
  // In the format in which Prisma writes dates to D1, so that they sort as text.
  const now = new Date().toISOString().replace('Z', '+00:00')
  const [order] = await database.batch([
    database
      .prepare(
        `INSERT INTO orders (id, customer_id, note, created_at)
         SELECT ?1, id, ?2, ?3 FROM customers WHERE id = ?4`,
      )
      .bind(id, note ?? null, now, customerId),
    database
      .prepare(
        `INSERT INTO items (order_id, product, quantity, price_cents)
         SELECT orders.id, item.value ->> 'product', item.value ->> 'quantity', item.value ->> 'priceCents'
         FROM orders, json_each(?2) AS item WHERE orders.id = ?1`,
      )
      .bind(id, JSON.stringify(items)),
  ])
  return order?.meta.changes === 0 ? undefined : id
}
