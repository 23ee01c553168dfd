import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../../slipway/test/cluster.ts'
import { runSql } from '../../slipway/test/run-sql.ts'
import { createTables } from '../test/database.ts'
import { type Gate, startGate } from '../test/gate.ts'
import { PrismaClient } from '../test/generated/client.ts'
import { type ReplicaServer, startReplica } from '../test/replication.ts'
import { actor, withActor } from './actor/index.ts'
import { cache, createCache } from './cache/index.ts'
import type { Extension } from './extension.ts'
import { createHealth } from './health/index.ts'
import { log, type OperationRecord } from './log/index.ts'
import { metrics } from './metrics/index.ts'
import { createPool } from './pool/index.ts'
import {
  consistencyToken,
  createReplicaSet,
  replicas,
  type ReplicaSet,
  withConsistency,
} from './replicas/index.ts'
import { retry, withRetry } from './retry/index.ts'

/** Each extension works as promised, in whatever order they are added. */

const NAMES = ['log', 'metrics', 'cache', 'replicas', 'retry', 'actor'] as const
type Name = (typeof NAMES)[number]

/** Records who wrote, and refuses the first of two attempts to write a name that ends with "again". */
const TRIGGERS = `
CREATE TABLE audit (name text, actor text);
CREATE SEQUENCE attempts;
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.name LIKE '%again' AND nextval('attempts') % 2 = 1 THEN RAISE 'not yet' USING ERRCODE = '40001'; END IF;
  INSERT INTO audit VALUES (NEW.name, nullif(current_setting('slipway.actor', true), '')); RETURN NEW; END $$;
CREATE TRIGGER write_audit AFTER INSERT OR UPDATE ON carriers FOR EACH ROW EXECUTE FUNCTION write_audit();
`

let primary: Cluster
let east: ReplicaServer
let gate: Gate
let pools: readonly pg.Pool[]
let base: PrismaClient
let set: ReplicaSet
beforeAll(async () => {
  primary = await startCluster()
  await createTables(primary.url)
  await runSql(primary.url, TRIGGERS)
  east = await startReplica(primary)
  gate = await startGate(primary.url)
  pools = [createPool(gate.url), createPool(east.url)]
  const [client, copy] = pools.map((pool) => new PrismaClient({ adapter: new PrismaPg(pool) }))
  base = client as PrismaClient
  set = createReplicaSet({
    primary: base,
    replicas: [{ name: 'east', client: copy as PrismaClient }],
    // The tests cut connections themselves, so no checks must interfere.
    checkEvery: 3_600_000,
    maxLag: 3_600_000,
  })
  await set.check()
})
afterAll(async () => {
  set?.stop()
  await gate?.close()
  for (const pool of pools ?? []) await pool.end()
  await east?.remove()
  await primary?.stop()
})

/** A client with the extensions, added in this order, and what they report about its operations. */
async function connect(order: readonly Name[]) {
  const records: OperationRecord[] = []
  const note = (record: OperationRecord) => void records.push(record)
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  const store = await createCache({ models: { Carrier: { ttl: 600_000 } } })
  const extensions: Record<Name, Extension> = {
    log: log({ logger: { debug: note, warn: note, error: note } }),
    metrics: metrics({ meter: provider.getMeter('test') }),
    cache: cache(store),
    replicas: replicas(set),
    retry: retry(),
    actor: actor(),
  }
  const client = order.reduce<PrismaClient>(
    (extended, name) => extended.$extends(extensions[name]) as unknown as PrismaClient,
    base,
  )
  return {
    client,
    records,
    countMeasured: async () => {
      await reader.forceFlush()
      const found = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? []
      const points = found.find(({ descriptor }) => /operation\.duration/.test(descriptor.name))
      return points?.dataPoints.reduce(
        (sum, { value }) => sum + (value as { count: number }).count,
        0,
      )
    },
    close: async () => {
      await provider.shutdown()
      await store.close()
    },
  }
}

function permutations<T>(values: readonly T[]): T[][] {
  if (values.length === 0) return [[]]
  return values.flatMap((first) =>
    permutations(values.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  )
}

const ALL = permutations(NAMES)
// All 720 take minutes; every 19th, which is 38 of them, has each extension at each place.
const ORDERS = process.env['FULL'] ? ALL : ALL.filter((_, index) => index % 19 === 0)

const audited = async (name: string) =>
  await runSql(primary.url, `SELECT actor FROM audit WHERE name = '${name}'`)

describe('extensions', () => {
  it.each(ORDERS.map((order) => [order.join(', '), order] as const))(
    'keep their promises in the order %s',
    async (title, order) => {
      const { client, records, countMeasured, close } = await connect(order)
      const ann = <T>(work: () => PromiseLike<T>) => withActor('ann', async () => await work())
      const writeAgain = async (name: string) => {
        await ann(() => client.carrier.create({ data: { name } }))
        return consistencyToken()
      }

      // A read whose connection breaks, on the primary.
      await withConsistency('primary', async () => {
        await client.load.count()
        gate.cut('before', '"contacts"')
        expect(await client.contact.count()).toBe(20)
      })
      // A write that the server refuses once.
      const written = await withConsistency(undefined, () => writeAgain(`${title} again`))
      expect(written).toMatch(/^[\da-f]+-[\da-f]+$/)
      // A transaction whose connection breaks before COMMIT.
      const moved = await withConsistency(undefined, async () => {
        gate.cut('after', 'INSERT')
        const data = { name: `${title} moved` }
        const row = await ann(() => withRetry(client, (tx) => tx.carrier.create({ data })))
        return { row, token: consistencyToken() }
      })
      expect(moved.token).toMatch(/^[\da-f]+-[\da-f]+$/)
      // A cached result, which only a commit makes stale.
      const where = { id: moved.row.id }
      const read = () => client.carrier.findUnique({ where })
      const names: unknown[] = [(await read())?.name, (await read())?.name]
      await client.$transaction(async (tx) => {
        await tx.carrier.update({ where, data: { name: `${title} changed` } })
        names.push((await read())?.name)
      })
      names.push((await read())?.name)
      await ann(() => client.carrier.update({ where, data: { name: `${title} single` } }))
      names.push((await read())?.name)
      const suffixes = ['moved', 'moved', 'moved', 'changed', 'single']
      expect(names).toEqual(suffixes.map((suffix) => `${title} ${suffix}`))
      // A read that no cache keeps, on the replica.
      await client.load.findFirst()

      expect(
        records.map((one) => [one.action, one.inTransaction, one.retries, one.source]),
      ).toEqual([
        ['count', false, 0, 'primary'],
        ['count', false, 1, 'primary'],
        ['create', false, 1, 'primary'],
        ['create', true, 0, 'primary'],
        ['create', true, 0, 'primary'],
        ['findUnique', false, 0, 'primary'],
        ['findUnique', false, 0, 'cache'],
        ['update', true, 0, 'primary'],
        ['findUnique', false, 0, 'cache'],
        ['findUnique', false, 0, 'primary'],
        ['update', false, 0, 'primary'],
        ['findUnique', false, 0, 'primary'],
        ['findFirst', false, 0, 'replica'],
      ])
      expect(await countMeasured()).toBe(records.length)
      for (const suffix of ['again', 'moved', 'single']) {
        expect(await audited(`${title} ${suffix}`), suffix).toEqual([{ actor: 'ann' }])
      }
      await close()
    },
  )

  it('keep their order around an extension of the application', async () => {
    const seen: string[] = []
    const client = base
      .$extends(retry())
      .$extends({
        query: {
          $allOperations: ({ operation, args, query }) => {
            seen.push(operation)
            return query(args)
          },
        },
      })
      .$extends(actor())
    await withActor('ann', async () => {
      await client.carrier.create({ data: { name: 'beside again' } })
    })
    expect(await audited('beside again')).toEqual([{ actor: 'ann' }])
    expect(seen).toEqual(['create', 'create'])
  })

  it('refuse a place in which they cannot work as promised, and to be added twice', () => {
    const apart = base.$extends(actor()).$extends({ name: 'of the application' })
    expect(() => apart.$extends(retry())).toThrow(
      'Add the extension "retry" directly before or after "actor": another extension is between them.',
    )
    expect(() => apart.$extends(actor())).toThrow('The client already has the extension "actor".')
    expect(() => base.$extends(retry()).$extends(log()).$extends(retry())).toThrow(TypeError)
  })
})

describe('health checks', () => {
  it('on an extended client are not operations: not logged, retried, routed or stopped by a circuit', async () => {
    const { client, records, countMeasured, close } = await connect(NAMES)
    const health = createHealth({ prisma: client, reuseFor: 0, timeout: 5000 })
    const ready = async () => (await health.ready(new Request('http://localhost/'))).status
    await client.load.findFirst()
    gate.cut('before', 'SELECT 1 AS one')
    expect([await ready(), await ready()]).toEqual([503, 200])
    expect(records.map(({ action }) => action)).toEqual(['findFirst'])
    expect(await countMeasured()).toBe(1)
    await close()
  })
})
