import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { createTestDatabase } from '../../test/database.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { classifyError } from './index.ts'

let database: TestDatabase
let prisma: PrismaClient
beforeAll(async () => {
  database = await createTestDatabase()
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) })
})
afterAll(async () => {
  await prisma.$disconnect()
  await database.drop()
})

const raise = (state: string) =>
  `DO $$ BEGIN RAISE EXCEPTION 'raised by a test' USING ERRCODE = '${state}'; END $$`

describe('classifyError', () => {
  it.each([
    ['40001', 'conflict', true],
    ['40P01', 'conflict', true],
    ['55P03', 'lock', true],
    ['57014', 'cancelled', true],
    ['57P01', 'connection-lost', false],
    ['57P03', 'unreachable', true],
    ['53300', 'unreachable', true],
    ['25006', 'read-only', true],
    ['08006', 'connection-lost', false],
    ['08001', 'unreachable', true],
    ['23514', 'constraint', true],
    ['42P01', 'other', false],
  ])(
    'reads SQLSTATE %s through Prisma and from the driver: %s',
    async (state, kind, nothingChanged) => {
      const expected = { kind, sqlState: state, nothingChanged }
      const ofPrisma = await thrownBy(prisma.$executeRawUnsafe(raise(state)))
      expect(classifyError(ofPrisma)).toMatchObject({ ...expected, prismaCode: 'P2010' })
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const ofDriver = await thrownBy(client.query(raise(state)))
      await client.end()
      expect(classifyError(ofDriver)).toMatchObject({ ...expected, prismaCode: undefined })
    },
  )

  it('reads the errors of operations', async () => {
    const duplicate = prisma.carrier.create({ data: { name: 'Twice', mcNumber: '100001' } })
    expect(classifyError(await thrownBy(duplicate))).toEqual({
      kind: 'constraint',
      sqlState: '23505',
      prismaCode: 'P2002',
      nothingChanged: true,
    })
    const missing = prisma.carrier.update({ where: { id: 0 }, data: { name: 'Nobody' } })
    expect(classifyError(await thrownBy(missing))).toMatchObject({
      kind: 'not-found',
      prismaCode: 'P2025',
    })
  })

  it('reads the SQLSTATE of an error that the adapter did not convert', () => {
    const error = Object.assign(new Error('duplicate key'), {
      name: 'PrismaClientKnownRequestError',
      code: '23505',
      clientVersion: '7.10.1',
      meta: { modelName: 'Carrier' },
    })
    expect(classifyError(error)).toMatchObject({ kind: 'constraint', sqlState: '23505' })
  })

  it('reads errors without a code', async () => {
    const adapter = new PrismaPg({
      connectionString: database.url,
      max: 1,
      connectionTimeoutMillis: 1000,
    })
    const narrow = new PrismaClient({ adapter })
    const busy = narrow.$executeRaw`SELECT pg_sleep(2)`
    // Prisma promises are lazy.
    const done = busy.then(() => undefined)
    expect(classifyError(await thrownBy(narrow.carrier.count()))).toMatchObject({
      kind: 'pool-timeout',
      nothingChanged: true,
    })
    await done
    await narrow.$disconnect()
  })

  it('recognizes a session that the administrator terminated, in a transaction and outside', async () => {
    const end = 'SELECT pg_terminate_backend(pg_backend_pid())'
    const outside = await thrownBy(prisma.$queryRawUnsafe(end))
    const inside = await thrownBy(prisma.$transaction((tx) => tx.$queryRawUnsafe(end)))
    for (const error of [outside, inside]) {
      expect(classifyError(error)).toMatchObject({ kind: 'connection-lost', nothingChanged: false })
    }
  })

  it('recognizes a server that does not exist', async () => {
    const url = 'postgresql://nobody:secret@127.0.0.1:1/nowhere'
    const away = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
    for (const work of [() => away.carrier.count(), () => away.$queryRaw`SELECT 1`]) {
      expect(classifyError(await thrownBy(work()))).toMatchObject({ kind: 'unreachable' })
    }
    await away.$disconnect()
  })

  it.each([undefined, null, 'text', 7, {}, new TypeError('a bug'), { cause: { code: 'EPIPE' } }])(
    'accepts %s',
    (thrown) => {
      expect(classifyError(thrown)).toEqual({
        kind: 'other',
        sqlState: undefined,
        prismaCode: undefined,
        nothingChanged: false,
      })
    },
  )
})

async function thrownBy(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}
