// Loads so many carriers by Prisma's client: node seed-createMany.mjs <url> <rows> <generated client>
import { PrismaPg } from '@prisma/adapter-pg'

const [url, rows, generated] = process.argv.slice(2)
const { PrismaClient } = (await import(generated)).default
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
for (let from = 1; from <= Number(rows); from += 1000) {
  const data = []
  for (let n = from; n < Math.min(from + 1000, Number(rows) + 1); n++) {
    data.push({
      id: n,
      mc_number: String(n + 99_000_000),
      name: `Carrier ${n} Inc.`,
      home_state: 'OH',
      power_units: n % 200,
    })
  }
  await prisma.carriers.createMany({ data })
}
await prisma.$disconnect()
