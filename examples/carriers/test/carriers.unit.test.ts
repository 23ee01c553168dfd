import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { deleteCarrier, listCarriers } from '../src/carriers.ts'
import { carrierQuery } from '../src/schemas.ts'

/**
 * Tests what is decided before a query, with a mocked client, as teams do. Tests of PostgreSQL's actual behavior are in
 * api.test.ts.
 */

const carrier = { findMany: vi.fn(), deleteMany: vi.fn(), findUniqueOrThrow: vi.fn() }
const prisma = { carrier } as unknown as PrismaClient

const row = (id: number, name: string) => ({
  id,
  name,
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  updatedAt: new Date('2026-01-02T03:04:05.678Z'),
})
const list = (query: object) => listCarriers(prisma, carrierQuery.parse(query))
const lastCall = () =>
  carrier.findMany.mock.lastCall?.[0] as { where: { AND: object[] }; take: number }

beforeEach(() => {
  vi.resetAllMocks()
  carrier.findMany.mockResolvedValue([row(1, 'A'), row(2, 'B'), row(3, 'C')])
})

describe('listCarriers', () => {
  it('reads one row more than a page has, and shows it on the next page', async () => {
    const { items, nextCursor } = await list({ limit: 2 })
    expect(lastCall()).toMatchObject({ take: 3, orderBy: [{ name: 'asc' }, { id: 'asc' }] })
    expect(items.map(({ id }) => id)).toEqual([1, 2])
    await list({ limit: 2, cursor: nextCursor })
    expect(lastCall().where.AND).toEqual([
      { OR: [{ name: { gt: 'B' } }, { AND: [{ name: 'B' }, { id: { gt: 2 } }] }] },
    ])
  })

  it('has no cursor after the last page', async () => {
    expect(await list({ limit: 3 })).toMatchObject({ nextCursor: null })
  })

  it('compares in reverse for a descending order', async () => {
    const { nextCursor } = await list({ limit: 1, sort: '-createdAt' })
    await list({ limit: 1, sort: '-createdAt', cursor: nextCursor })
    expect(lastCall().where.AND).toMatchObject([
      { OR: [{ createdAt: { lt: '2026-01-02T03:04:05.678Z' } }, { AND: [{}, { id: { lt: 1 } }] }] },
    ])
  })

  it('refuses a cursor of another order', async () => {
    const { nextCursor } = await list({ limit: 1 })
    await expect(list({ sort: '-name', cursor: nextCursor })).rejects.toMatchObject({
      field: 'cursor',
      status: 400,
    })
  })

  it('searches for wildcards as text', async () => {
    await list({ q: '50%_\\' })
    expect(JSON.stringify(lastCall().where)).toContain(String.raw`50\\%\\_\\\\`)
  })
})

describe('deleteCarrier', () => {
  it('distinguishes an outdated version from a missing carrier', async () => {
    carrier.deleteMany.mockResolvedValue({ count: 0 })
    carrier.findUniqueOrThrow.mockResolvedValueOnce({ id: 7 })
    expect(await deleteCarrier(prisma, { id: 7, version: 1 })).toBe(false)
    carrier.findUniqueOrThrow.mockRejectedValueOnce(new RangeError('none'))
    await expect(deleteCarrier(prisma, { id: 8, version: 1 })).rejects.toThrow('none')
    carrier.deleteMany.mockResolvedValue({ count: 1 })
    expect(await deleteCarrier(prisma, { id: 9, version: 4 })).toBe(true)
    expect(carrier.deleteMany).toHaveBeenLastCalledWith({ where: { id: 9, version: 4 } })
  })
})
