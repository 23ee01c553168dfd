// Loads so many carriers by drizzle: node seed-drizzle.mjs <url> <rows>
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'

const [url, rows] = process.argv.slice(2)
const carriers = pgTable('carriers', {
  id: integer('id').primaryKey(),
  mcNumber: text('mc_number'),
  name: text('name'),
  homeState: text('home_state'),
  powerUnits: integer('power_units'),
})
const database = drizzle(url)
for (let from = 1; from <= Number(rows); from += 1000) {
  const batch = []
  for (let n = from; n < Math.min(from + 1000, Number(rows) + 1); n++) {
    batch.push({
      id: n,
      mcNumber: String(n + 99_000_000),
      name: `Carrier ${n} Inc.`,
      homeState: 'OH',
      powerUnits: n % 200,
    })
  }
  await database.insert(carriers).values(batch)
}
await database.$client.end()
