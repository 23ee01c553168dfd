import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../../../slipway/test/cluster.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTables } from '../../test/database.ts'
import { startGate } from '../../test/gate.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { type ReplicaServer, startReplica } from '../../test/replication.ts'
import { log, type OperationRecord } from '../log/index.ts'
import { createPool } from '../pool/index.ts'
import {
  consistencyToken,
  createReplicaSet,
  replicas,
  type ReplicaSet,
  type ReplicaSetOptions,
  withConsistency,
  withConsistencyCookie,
} from './index.ts'
import { createPrimaryTrack } from './lag.ts'

let primary: Cluster
let east: ReplicaServer
let west: ReplicaServer
beforeAll(async () => {
  primary = await startCluster()
  await createTables(primary.url)
  // One after the other, because two simultaneous base backups have failed on a busy machine.
  east = await startReplica(primary)
  west = await startReplica(primary)
})
afterAll(async () => {
  await east?.remove()
  await west?.remove()
  await primary?.stop()
})

const unreachable = new PrismaClient({
  adapter: new PrismaPg({ connectionString: 'postgresql://nobody@127.0.0.1:1/nowhere' }),
})

interface Setup {
  readonly set: ReplicaSet
  readonly base: PrismaClient
  readonly pools: pg.Pool[]
  readonly prisma: PrismaClient
  /** Where the result of each operation came from. */
  readonly sources: OperationRecord['source'][]
}

let open: Setup | undefined
afterEach(async () => {
  open?.set.stop()
  for (const pool of open?.pools ?? []) await pool.end()
  open = undefined
})

function connect(options: Partial<ReplicaSetOptions> = {}): Setup {
  const pools = [primary, east, west].map(({ url }) => createPool(url, 'server', { max: 4 }))
  const [base, ...copies] = pools.map((pool) => new PrismaClient({ adapter: new PrismaPg(pool) }))
  const set = createReplicaSet({
    primary: base as PrismaClient,
    replicas: copies.map((client, index) => ({
      name: ['east', 'west'][index] as string,
      client,
      pool: pools[index + 1] as pg.Pool,
    })),
    checkEvery: 200,
    ...options,
  })
  const sources: OperationRecord['source'][] = []
  const note = ({ source }: OperationRecord) => void sources.push(source)
  const logger = { debug: note, warn: note, error: () => undefined }
  const prisma = (base as PrismaClient).$extends(log({ logger })).$extends(replicas(set))
  return (open = {
    set,
    base: base as PrismaClient,
    pools,
    prisma: prisma as unknown as PrismaClient,
    sources,
  })
}

const create = (name: string) => ({ data: { name } })
const named = (name: string) => ({ where: { name } })
const usable = (set: ReplicaSet) => set.status().map((one) => one.usable)
const pauseReplay = (on: boolean, ...servers: ReplicaServer[]) =>
  Promise.all(
    servers.map(({ url }) => runSql(url, `SELECT pg_wal_replay_${on ? 'pause' : 'resume'}()`)),
  )

describe('routing', () => {
  it('sends reads to replicas, and writes, raw queries and transactions to the primary', async () => {
    const { set, prisma, sources } = connect()
    await set.check()
    await prisma.carrier.findMany({ take: 1 })
    await prisma.contact.count()
    expect(sources.splice(0)).toEqual(['replica', 'replica'])
    await prisma.carrier.create(create('Written'))
    const [row] = await prisma.$queryRaw<
      { standby: boolean }[]
    >`SELECT pg_is_in_recovery() AS standby`
    expect(row?.standby).toBe(false)
    await prisma.$transaction((tx) => tx.carrier.count())
    await prisma.$transaction([prisma.carrier.count()])
    expect(new Set(sources)).toEqual(new Set(['primary']))
  })

  it('goes to the primary until the first check, and shares reads by weight after it', async () => {
    const { set, base } = connect()
    expect(await set.choose(undefined)).toBeUndefined()
    const weighted = createReplicaSet({
      primary: base,
      replicas: [
        { name: 'large', client: base, weight: 3 },
        { name: 'small', client: base, weight: 1 },
        { name: 'none', client: base, weight: 0 },
      ],
    })
    // A primary is not a replica: nothing is chosen.
    await weighted.check()
    expect(weighted.status().map(({ problem }) => problem)).toEqual(
      Array(3).fill('It is not a replica: it was promoted.'),
    )
    weighted.stop()
    await set.check()
    const chosen = await Promise.all(Array.from({ length: 400 }, () => set.choose(undefined)))
    const toEast = chosen.filter((replica) => replica?.config.name === 'east').length
    expect(toEast).toBeGreaterThan(120)
    expect(toEast).toBeLessThan(280)
  })
})

describe('read your writes', () => {
  it('reads from the primary what no replica shows yet', async () => {
    const { set, prisma, sources } = connect({ waitForReplay: 30 })
    await set.check()
    await pauseReplay(true, east, west)
    await withConsistency(undefined, async () => {
      await prisma.carrier.create(create('Mine'))
      sources.length = 0
      expect(await prisma.carrier.count(named('Mine'))).toBe(1)
      await prisma.$transaction((tx) => tx.carrier.create(create('Mine')))
      expect(await prisma.carrier.count(named('Mine'))).toBe(2)
    })
    expect(sources.filter((source) => source === 'replica')).toEqual([])
    // Without a session, the read is as old as the replica.
    expect(await prisma.carrier.count(named('Mine'))).toBe(0)
    await pauseReplay(false, east, west)
  })

  it('waits for a replica that is about to show the write', async () => {
    const { set, prisma, sources } = connect({ waitForReplay: 5000 })
    await set.check()
    await withConsistency(undefined, async () => {
      for (let i = 0; i < 20; i++) {
        await prisma.carrier.create(create('Soon'))
        expect(await prisma.carrier.count(named('Soon'))).toBe(i + 1)
      }
    })
    expect(sources.filter((source) => source === 'replica')).toHaveLength(20)
  })

  it('waits no longer for a replica that hangs', async () => {
    const gate = await startGate(west.url)
    const pool = createPool(gate.url, 'server', { max: 4 })
    const { set, base } = connect()
    const client = new PrismaClient({ adapter: new PrismaPg(pool) })
    const replica = { name: 'hangs', client, pool }
    const options = { checkEvery: 60_000, checkTimeout: 20_000, waitForReplay: 50 }
    const hanging = createReplicaSet({ primary: base, replicas: [replica], ...options })
    await hanging.check()
    gate.hang(true)
    await base.carrier.create(create('Hangs'))
    const begin = performance.now()
    expect(await hanging.choose(await set.primaryPosition())).toBeUndefined()
    expect(performance.now() - begin).toBeLessThan(10_000)
    hanging.stop()
    await gate.close()
    await pool.end()
  })

  it('carries the token from request to request in a cookie', async () => {
    const { set, prisma, sources } = connect({ waitForReplay: 30 })
    await set.check()
    const handler = withConsistencyCookie(async (request) => {
      if (request.method === 'POST') await prisma.carrier.create(create('Cookie'))
      return Response.json(await prisma.carrier.count(named('Cookie')))
    })
    await pauseReplay(true, east, west)
    const written = await handler(new Request('http://localhost/', { method: 'POST' }))
    const [cookie = ''] = written.headers.getSetCookie()
    expect(cookie).toMatch(
      /^slipway-consistency=[0-9a-f]+-[0-9a-f]+; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/,
    )
    const headers = { cookie: `a=b; ${cookie.split(';')[0]}` }
    const read = await handler(new Request('http://localhost/', { headers }))
    expect([await read.json(), read.headers.getSetCookie()]).toEqual([1, []])
    const forged = { cookie: 'slipway-consistency=everything' }
    const stale = await handler(new Request('http://localhost/', { headers: forged }))
    expect(await stale.json()).toBe(0)
    await pauseReplay(false, east, west)
    expect(sources).toContain('replica')
  })

  it('stays on the primary if the position after a write cannot be read', async () => {
    const { prisma } = connect({ primary: unreachable })
    await withConsistency(undefined, async () => {
      await prisma.carrier.create(create('Unknown position'))
      expect(consistencyToken()).toBe('primary')
      expect(await prisma.carrier.count(named('Unknown position'))).toBe(1)
    })
  })
})

describe('health', () => {
  it('stops using a replica that is too far behind, and uses it again once it has caught up', async () => {
    const { set, base } = connect({ maxLag: 400 })
    await set.check()
    expect(usable(set)).toEqual([true, true])
    await pauseReplay(true, east)
    await base.carrier.create(create('Lag'))
    await expect.poll(() => usable(set), { timeout: 10_000 }).toEqual([false, true])
    expect(set.status()[0]?.problem).toContain('lag')
    expect(set.status()[0]?.lag).toBeGreaterThan(400)
    await pauseReplay(false, east)
    await expect.poll(() => usable(set), { timeout: 10_000 }).toEqual([true, true])
  })

  it('continues to read from replicas while the primary is unreachable', async () => {
    const { set, prisma, sources } = connect({ primary: unreachable })
    await set.check()
    await prisma.carrier.count()
    expect(sources).toEqual(['replica'])
  })

  it('fails no read while a replica crashes and restarts', async () => {
    const { set, prisma } = connect()
    await set.check()
    const over = new AbortController()
    let reads = 0
    const read = async () => {
      while (!over.signal.aborted) {
        expect(await prisma.carrier.findUnique({ where: { id: 1 } })).not.toBeNull()
        reads++
      }
    }
    const readers = Promise.all(Array.from({ length: 4 }, read))
    await east.stop('SIGQUIT')
    await expect.poll(() => usable(set)).toEqual([false, true])
    const before = reads
    await expect.poll(() => reads).toBeGreaterThan(before + 20)
    await east.start()
    await expect.poll(() => usable(set), { timeout: 10_000 }).toEqual([true, true])
    over.abort()
    await readers
  })

  // The last test, because a promoted replica stays promoted.
  it('does not read from a replica that was promoted', async () => {
    const { set } = connect()
    await set.check()
    await runSql(west.url, 'SELECT pg_promote()')
    await expect.poll(() => usable(set), { timeout: 10_000 }).toEqual([true, false])
    expect(set.status()[1]?.problem).toContain('promoted')
  })
})

describe('createPrimaryTrack', () => {
  const at = (lsn: bigint, timeline = 1) => ({ lsn, timeline })

  it('measures how long ago the primary was at the position of the replica', () => {
    let now = 0
    const track = createPrimaryTrack(() => now)
    expect(track.lagOf(at(0n))).toBeUndefined()
    for (const lsn of [100n, 200n, 300n]) {
      track.record(at(lsn))
      now += 1000
    }
    // Now is 3000; 300 was recorded at 2000, 200 at 1000.
    expect(track.lagOf(at(300n))).toBe(0)
    expect(track.lagOf(at(250n))).toBe(1000)
    expect(track.lagOf(at(100n))).toBe(2000)
    expect(track.lagOf(at(50n))).toBe(3000)
  })

  it('measures no lag while the primary is idle, and does not compare timelines', () => {
    let now = 0
    const track = createPrimaryTrack(() => now)
    track.record(at(100n))
    now = 3_600_000
    track.record(at(100n))
    expect(track.lagOf(at(100n))).toBe(0)
    track.record(at(200n, 2))
    now += 500
    expect(track.lagOf(at(999n))).toBe(500)
  })
})
