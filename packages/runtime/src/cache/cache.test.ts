import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTestDatabase } from '../../test/database.ts'
import { type Gate, startGate } from '../../test/gate.ts'
import { Prisma, PrismaClient } from '../../test/generated/client.ts'
import { hasRedis, type RedisServer, startRedis } from '../../test/redis.ts'
import { actor, withActor } from '../actor/index.ts'
import { dataModelOf } from '../datamodel.ts'
import type { Operation } from '../operation.ts'
import { type Cache, cache, type CacheOptions, createCache } from './index.ts'
import { tagsOfWrite } from './tags.ts'

let database: TestDatabase
let gate: Gate
const closing: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  gate = await startGate(database.url)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
afterAll(async () => {
  await gate.close()
  await database.drop()
})

const MODELS = { Carrier: { ttl: 60_000 }, Contact: { ttl: 60_000 } }

/** A client with a cache, and its operations that reached the database. */
async function connect(options: Partial<CacheOptions> = {}) {
  const store: Cache = await createCache({ models: MODELS, ...options })
  const base = new PrismaClient({ adapter: new PrismaPg({ connectionString: gate.url }) })
  const queries: string[] = []
  /** Each delays the result of one operation. */
  const delays: Promise<void>[] = []
  const prisma = base
    .$extends(actor())
    .$extends(cache(store))
    .$extends({
      query: {
        $allOperations: async ({ model, operation, args, query }) => {
          queries.push(`${model}.${operation}`)
          const result: unknown = await query(args)
          await delays.shift()
          return result
        },
      },
    })
  closing.push(
    () => base.$disconnect(),
    () => store.close(),
  )
  return { store, base, prisma: prisma as unknown as PrismaClient, queries, delays }
}

/** Whether `read` is answered without a query. */
async function isCached(
  { queries }: { queries: string[] },
  read: () => PromiseLike<unknown>,
): Promise<boolean> {
  const before = queries.length
  await read()
  return queries.length === before
}

describe('reads', () => {
  it('are answered from the cache, with the values from the database', async () => {
    const { prisma, queries } = await connect()
    const where = { id: 1 }
    await runSql(
      database.url,
      `UPDATE carriers SET logo = '\\x0102', mileage = 9007199254740993, balance = 1.10 WHERE id = 1`,
    )
    const first = await prisma.carrier.findUnique({ where, include: { contacts: true } })
    const second = await prisma.carrier.findUnique({ where, include: { contacts: true } })
    expect(queries).toEqual(['Carrier.findUnique'])
    expect(second).toEqual(first)
    expect(second?.mileage).toBe(9_007_199_254_740_993n)
    expect(second?.since).toBeInstanceOf(Date)
    expect(second?.balance.plus(1).toFixed(2)).toBe('2.10')
    expect(second?.logo).toEqual(new Uint8Array([1, 2]))
  })

  it('give each caller a copy', async () => {
    const { prisma } = await connect()
    const read = () => prisma.carrier.findMany({ take: 2, include: { contacts: true } })
    await read()
    const mine = await read()
    mine[0]!.name = 'Changed'
    mine[0]!.since.setFullYear(1900)
    mine[0]!.contacts.length = 0
    const [theirs] = await read()
    expect(theirs?.name).not.toBe('Changed')
    expect(theirs?.since.getFullYear()).toBeGreaterThan(2000)
    expect(theirs?.contacts).toHaveLength(1)
  })

  it('cache missing rows, and distinguish arguments', async () => {
    const client = await connect()
    const { carrier } = client.prisma
    expect(await isCached(client, () => carrier.findUnique({ where: { id: 0 } }))).toBe(false)
    expect(await isCached(client, () => carrier.findUnique({ where: { id: 0 } }))).toBe(true)
    expect(await isCached(client, () => carrier.count({ where: { mileage: 5n } }))).toBe(false)
    expect(await isCached(client, () => carrier.count({ where: { mileage: 6n } }))).toBe(false)
    const since = new Date('2026-01-01')
    expect(await isCached(client, () => carrier.count({ where: { since } }))).toBe(false)
    expect(await isCached(client, () => carrier.count({ where: { since } }))).toBe(true)
  })

  it('do not cache arguments without a text form, other models, and other operations', async () => {
    const models = { Carrier: { ttl: 60_000, operations: ['count'] } }
    const client = await connect({ models })
    const { carrier, contact } = client.prisma
    const reads = [
      () => carrier.count({ where: { name: { equals: carrier.fields.mcNumber } } }),
      () => carrier.findMany({ take: 1 }),
      () => contact.count(),
    ]
    for (const read of [...reads, ...reads]) expect(await isCached(client, read)).toBe(false)
  })

  it('run one query for a thousand simultaneous misses', async () => {
    const { prisma, queries } = await connect()
    const reads = Array.from({ length: 1000 }, () => prisma.carrier.findMany({ take: 5 }))
    const results = await Promise.all(reads)
    expect(queries).toEqual(['Carrier.findMany'])
    expect(results.every((rows) => rows.length === 5)).toBe(true)
  })

  it('serve a stale result while a new one is fetched, and while the database is unavailable', async () => {
    const models = { Carrier: { ttl: 50, grace: 60_000 } }
    const { prisma, queries } = await connect({ models })
    const read = () => prisma.carrier.findUnique({ where: { id: 2 } })
    await read()
    await sleep(80)
    await runSql(database.url, `UPDATE carriers SET name = 'Newer' WHERE id = 2`)
    expect((await read())?.name).toBe('Carrier 2')
    await expect.poll(async () => (await read())?.name).toBe('Newer')
    expect(queries.length).toBeGreaterThan(1)
    await sleep(80)
    await gate.close()
    expect((await read())?.name).toBe('Newer')
    await gate.open()
  })

  it('pass failures on unchanged', async () => {
    const { prisma } = await connect()
    await gate.close()
    await expect(prisma.carrier.count()).rejects.toMatchObject({
      name: expect.stringMatching(/Error$/) as string,
      clientVersion: expect.any(String) as string,
    })
    await gate.open()
    const missing = prisma.carrier.findUniqueOrThrow({ where: { id: 0 } })
    await expect(missing).rejects.toMatchObject({ code: 'P2025' })
  })
})

describe('writes', () => {
  it('invalidate the row that they change and the lists, not other rows', async () => {
    const client = await connect()
    const { carrier } = client.prisma
    const row = (id: number) => () => carrier.findUnique({ where: { id } })
    const list = () => carrier.findMany({ take: 3 })
    const byNumber = () => carrier.findUnique({ where: { mcNumber: '100003' } })
    for (const read of [row(3), row(4), list, byNumber]) await read()
    await carrier.update({ where: { id: 3 }, data: { name: 'Changed by id' } })
    expect(await isCached(client, row(4))).toBe(true)
    expect((await row(3)())?.name).toBe('Changed by id')
    expect((await byNumber())?.name).toBe('Changed by id')
    expect(await isCached(client, list)).toBe(false)
    await carrier.updateMany({ where: { id: 4 }, data: { name: 'Changed by filter' } })
    expect((await row(4)())?.name).toBe('Changed by filter')
    await carrier.update({
      where: { mcNumber: '100003' },
      data: { name: 'Again' },
      select: { name: true },
    })
    expect((await row(3)())?.name).toBe('Again')
  })

  it('invalidate the absence of a row that they create', async () => {
    const { prisma } = await connect()
    const where = { id: 7000 }
    expect(await prisma.carrier.findUnique({ where })).toBeNull()
    await prisma.carrier.upsert({ where, create: { id: 7000, name: 'New' }, update: {} })
    expect(await prisma.carrier.findUnique({ where })).toMatchObject({ name: 'New' })
  })

  it('invalidate results that include the changed rows, and rows of nested writes', async () => {
    const { prisma } = await connect()
    const withContacts = () =>
      prisma.carrier.findUnique({ where: { id: 5 }, include: { contacts: true, _count: true } })
    const contacts = () => prisma.contact.findMany({ where: { carrierId: 5 } })
    await withContacts()
    await prisma.contact.create({ data: { carrierId: 5, fullName: 'Second' } })
    expect((await withContacts())?.contacts).toHaveLength(2)
    await contacts()
    const data = { contacts: { create: { fullName: 'Third' } } }
    await prisma.carrier.update({ where: { id: 5 }, data })
    expect(await contacts()).toHaveLength(3)
    expect((await withContacts())?._count.contacts).toBe(3)
  })

  it('invalidate rows that a delete removes by cascade', async () => {
    const { prisma } = await connect()
    const contacts = () => prisma.contact.count({ where: { carrierId: 6 } })
    expect(await contacts()).toBe(1)
    await prisma.carrier.delete({ where: { id: 6 } })
    expect(await contacts()).toBe(0)
  })

  it('invalidate all models that a delete can reach, also through models that it names', () => {
    const relation = (type: string) => ({ name: type.toLowerCase(), kind: 'object', type })
    const models = {
      Carrier: { fields: [relation('Contact')] },
      Contact: { fields: [relation('Carrier'), relation('Call')] },
      Call: { fields: [relation('Contact')] },
    }
    const operation = { model: 'Carrier', action: 'delete', args: { include: { contact: true } } }
    const options = {
      dataModel: dataModelOf({ _runtimeDataModel: { models } }),
      keyField: () => 'id',
    }
    const tags = tagsOfWrite(operation as unknown as Operation, { id: 7 }, options)
    expect(tags).toEqual(['Carrier', 'Carrier#7', 'Contact', 'Contact*', 'Call', 'Call*'])
  })

  it('invalidate the rows under both keys if they change one, and the rows that refer to it', async () => {
    const { prisma } = await connect()
    const old = () => prisma.carrier.findUnique({ where: { id: 16 } })
    const contacts = () => prisma.contact.count({ where: { carrierId: 16 } })
    expect([(await old())?.id, await contacts()]).toEqual([16, 1])
    const create = { name: 'Not created' }
    await prisma.carrier.upsert({ where: { id: 16 }, create, update: { id: 7016 } })
    expect([await old(), await contacts()]).toEqual([null, 0])
  })

  it('invalidate everything after a raw statement, but not after a write of an actor', async () => {
    const client = await connect()
    const { prisma, store } = client
    const row = (id: number) => () => prisma.carrier.findUnique({ where: { id } })
    await row(8)()
    await prisma.$executeRaw`UPDATE carriers SET name = 'Raw' WHERE id = 8`
    expect((await row(8)())?.name).toBe('Raw')
    await row(9)()
    await withActor('ann', () =>
      prisma.$transaction((tx) => tx.carrier.update({ where: { id: 8 }, data: { name: 'Ann' } })),
    )
    expect((await row(8)())?.name).toBe('Ann')
    expect(await isCached(client, row(9))).toBe(true)
    await store.invalidate('Carrier')
    expect(await isCached(client, row(9))).toBe(false)
  })

  it('do not let a running query cache what it read before', async () => {
    const client = await connect()
    const { prisma } = client
    const where = { id: 10 }
    // The row changes after the query has read it, and before its result arrives.
    let arrive: () => void = () => {}
    client.delays.push(new Promise<void>((resolve) => (arrive = resolve)))
    const slow = prisma.carrier.findUnique({ where }).then((row) => row?.name)
    await expect.poll(() => client.delays).toEqual([])
    await prisma.carrier.update({ where, data: { name: 'After the query began' } })
    arrive()
    expect(await slow).toBe('Carrier 10')
    expect((await prisma.carrier.findUnique({ where }))?.name).toBe('After the query began')
  })
})

describe('transactions', () => {
  it('invalidate when they commit, not before, and not if they are rolled back', async () => {
    const client = await connect()
    const { prisma } = client
    const row = () => prisma.carrier.findUnique({ where: { id: 11 } })
    await row()
    await prisma.$transaction(async (tx) => {
      await tx.carrier.update({ where: { id: 11 }, data: { name: 'In transaction' } })
      // Others correctly see the old row.
      expect(await isCached(client, row)).toBe(true)
    })
    expect((await row())?.name).toBe('In transaction')
    await prisma.$transaction([
      prisma.carrier.update({ where: { id: 11 }, data: { name: 'In a batch' } }),
      prisma.carrier.count(),
    ])
    expect((await row())?.name).toBe('In a batch')
    const rolledBack = prisma.$transaction(async (tx) => {
      await tx.carrier.update({ where: { id: 11 }, data: { name: 'Never' } })
      throw new RangeError('no')
    })
    await expect(rolledBack).rejects.toBeInstanceOf(RangeError)
    expect((await row())?.name).toBe('In a batch')
  })

  it('do not delay the invalidation by a write outside of them', async () => {
    const { prisma } = await connect()
    const row = () => prisma.carrier.findUnique({ where: { id: 13 } })
    await row()
    await prisma.$transaction(async () => {
      await prisma.carrier.update({ where: { id: 13 }, data: { name: 'Committed' } })
      expect((await row())?.name).toBe('Committed')
    })
  })

  it('neither read the cache nor fill it', async () => {
    const client = await connect()
    const { prisma } = client
    const row = () => prisma.carrier.findUnique({ where: { id: 12 } })
    await row()
    await prisma.$transaction(async (tx) => {
      await tx.carrier.update({ where: { id: 12 }, data: { name: 'Mine alone' } })
      expect((await tx.carrier.findUnique({ where: { id: 12 } }))?.name).toBe('Mine alone')
      expect((await row())?.name).toBe('Carrier 12')
    })
  })
})

describe.skipIf(!hasRedis)('with Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  const shared = () => ({ redis: { url: redis.url, Decimal: Prisma.Decimal } })

  it('shares results with their types, and invalidation, between processes', async () => {
    const [one, two] = [await connect(shared()), await connect(shared())]
    const read = ({ prisma }: typeof one) =>
      prisma.carrier.findUnique({ where: { id: 1 }, include: { contacts: true } })
    const first = await read(one)
    expect(await isCached(two, () => read(two))).toBe(true)
    const second = await read(two)
    expect(second).toEqual(first)
    expect(second?.balance.plus(1).toFixed(2)).toBe('2.10')
    expect(second?.mileage).toBe(9_007_199_254_740_993n)
    await one.prisma.carrier.update({ where: { id: 1 }, data: { name: 'By the other process' } })
    await expect
      .poll(async () => (await read(two))?.name, { timeout: 30_000 })
      .toBe('By the other process')
  })

  it('continues fast without Redis, and with Redis once it is back', async () => {
    const client = await connect(shared())
    const { carrier } = client.prisma
    const read = () => carrier.findUnique({ where: { id: 14 } })
    await read()
    await redis.stop()
    const begin = performance.now()
    await carrier.update({ where: { id: 14 }, data: { name: 'Without Redis' } })
    expect((await read())?.name).toBe('Without Redis')
    await carrier.findMany({ take: 1 })
    expect(performance.now() - begin).toBeLessThan(2000)
    await redis.start()
    const other = await connect(shared())
    await expect
      .poll(async () => isCached(other, () => other.prisma.carrier.count()), { timeout: 10_000 })
      .toBe(true)
    expect((await read())?.name).toBe('Without Redis')
  })

  it('starts without Redis', async () => {
    const nowhere = { redis: { url: 'redis://127.0.0.1:1', Decimal: Prisma.Decimal } }
    const { prisma } = await connect(nowhere)
    expect(await prisma.carrier.findUnique({ where: { id: 15 } })).toMatchObject({ id: 15 })
  })
})
