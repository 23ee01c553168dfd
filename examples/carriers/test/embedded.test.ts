import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PrismaClient } from '../generated/prisma/client.ts'
import { problemOf } from '../src/api/problem.ts'

/** The embedded database, on which the application runs without a DATABASE_URL, reports errors as a server does. */

let embedded: PGlite
let prisma: PrismaClient
beforeAll(async () => {
  embedded = await PGlite.create()
  const folder = path.join(import.meta.dirname, '../prisma/migrations')
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory())
  for (const { name } of names.toSorted((a, b) => a.name.localeCompare(b.name))) {
    await embedded.exec(readFileSync(path.join(folder, name, 'migration.sql'), 'utf8'))
  }
  prisma = new PrismaClient({ adapter: new PrismaPGlite(embedded) })
})
afterAll(async () => {
  await prisma?.$disconnect()
  await embedded?.close()
})

async function problemFrom(work: PromiseLike<unknown>) {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return problemOf(error).body
}

it('names the field whose value is taken', async () => {
  const data = { name: 'Twice', mcNumber: '87650001' }
  await prisma.carrier.create({ data })
  const expected = { status: 409, errors: [{ field: 'mcNumber' }] }
  expect(await problemFrom(prisma.carrier.create({ data }))).toMatchObject(expected)
  const inTransaction = prisma.$transaction((tx) => tx.carrier.create({ data }))
  expect(await problemFrom(inTransaction)).toMatchObject(expected)
})

it('answers 404 and 422 as on a server', async () => {
  const where = { id: 2_000_000 }
  expect(await problemFrom(prisma.carrier.delete({ where }))).toMatchObject({ status: 404 })
  const data = { name: 'Not digits', mcNumber: 'abc' }
  expect(await problemFrom(prisma.carrier.create({ data }))).toMatchObject({ status: 422 })
})
