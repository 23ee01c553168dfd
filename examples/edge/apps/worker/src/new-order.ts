import { z } from 'zod'

/** What a customer sends to order. */
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
 * Writes an order and its items, all or nothing; gives its id, or nothing if there is no such customer. Prisma runs no
 * transactions on D1, not even for a nested `create`; a batch of D1 is one. The items are one JSON parameter: a statement
 * has at most 100 parameters on D1.
 */
export async function createOrder(
  database: D1Database,
  customerId: number,
  { note, items }: z.infer<typeof NEW_ORDER>,
): Promise<string | undefined> {
  const id = crypto.randomUUID()
  // As Prisma writes a date to D1, so that dates sort as text.
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
