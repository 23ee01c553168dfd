import { readFileSync } from 'node:fs'
import path from 'node:path'
import { metrics as api } from '@opentelemetry/api'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { createTestDatabase } from '../../test/database.ts'
import { type Gate, startGate } from '../../test/gate.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { createPool } from '../pool/index.ts'
import { startPrometheus } from '../prometheus/index.ts'
import { retry } from '../retry/index.ts'
import { measurePool, measureReplicas, metrics } from './index.ts'

const TOKEN = 'scrape-me'
const dashboard = readFileSync(
  path.join(import.meta.dirname, '../../grafana/dashboard.json'),
  'utf8',
)

let database: TestDatabase
let gate: Gate
let text: string
let samples: Map<string, number>
beforeAll(async () => {
  database = await createTestDatabase()
  gate = await startGate(database.url)
  const { handler } = startPrometheus({ token: TOKEN })
  await work()
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await handler(new Request('http://localhost/metrics', { headers }))
  text = await response.text()
  samples = parse(text)
})
afterAll(async () => {
  api.disable()
  await gate.close()
  await database.drop()
})

/** Three reads, one of them retried, and a failed write. */
async function work(): Promise<void> {
  const pool = createPool(gate.url, 'server', { max: 2, acquireTimeout: 2000 })
  measurePool(pool, 'primary')
  measureReplicas({
    status: () => [
      { name: 'east', usable: true, lag: 1500 },
      { name: 'west', usable: false, lag: undefined },
    ],
  })
  const base = new PrismaClient({ adapter: new PrismaPg(pool) })
  const prisma = base.$extends(metrics()).$extends(retry())
  await prisma.carrier.count()
  gate.cut('before', 'SELECT')
  await prisma.carrier.count()
  await prisma.carrier.create({ data: { name: 'x', mcNumber: '100001' } }).catch(() => {})
  // Opens a new connection: the pool dropped the one on which a statement failed.
  await prisma.load.findFirst()
  await base.$disconnect()
}

describe('metrics', () => {
  it.each([
    [
      'db_client_operation_duration_count{db_collection_name="Carrier",db_operation_name="count",db_system_name="postgresql"}',
      2,
    ],
    [
      'db_client_operation_duration_count{db_collection_name="Carrier",db_operation_name="create",db_system_name="postgresql",error_type="constraint"}',
      1,
    ],
    [
      'slipway_operation_retries_total{db_collection_name="Carrier",db_operation_name="count",db_system_name="postgresql"}',
      1,
    ],
    ['slipway_operation_results_total{source="primary"}', 3],
    ['db_client_connection_max{db_client_connection_pool_name="primary"}', 2],
    ['db_client_connection_pending_requests{db_client_connection_pool_name="primary"}', 0],
    ['db_client_connection_wait_time_count', 4],
    ['slipway_replica_lag{replica="east"}', 1.5],
    ['slipway_replica_usable{replica="west"}', 0],
  ])('shows %s', (sample, value) => {
    expect(samples.get(sample), text).toBe(value)
  })

  it('counts open connections by state', () => {
    const states = ['idle', 'used'].map((state) =>
      samples.get(
        `db_client_connection_count{db_client_connection_pool_name="primary",db_client_connection_state="${state}"}`,
      ),
    )
    expect(states).toEqual([1, 0])
  })

  it('refuses requests without the token', async () => {
    const { handler } = startPrometheus({ token: TOKEN })
    for (const authorization of ['', 'Bearer wrong', 'Basic c2NyYXBlLW1l']) {
      const headers = { authorization }
      const response = await handler(new Request('http://localhost/metrics', { headers }))
      expect(response.status).toBe(401)
    }
  })

  it('has a dashboard that shows all metrics, and only existing ones', () => {
    const shown = new Set(
      dashboard.match(/\b(?:db_client|slipway)_[a-z_]+[a-z]\b(?=[{[)\s"\\/*])/g),
    )
    const labels = /_(?:name|state|type)$/
    const queried = [...shown].filter((name) => !labels.test(name))
    const names = new Set([...samples.keys()].map((key) => key.replace(/\{.*/, '')))
    expect(queried.filter((name) => !names.has(name))).toEqual([])
    const base = (name: string) => name.replace(/_(?:bucket|count|sum)$/, '')
    const kinds = new Set([...names].filter((name) => /^(?:db|slipway)_/.test(name)).map(base))
    expect([...kinds].filter((name) => !dashboard.includes(name))).toEqual([])
  })
})

/** Parses samples in the text format, by name and labels (sorted, without scope labels). */
function parse(metricsText: string): Map<string, number> {
  const entries = metricsText.split('\n').flatMap((line): [string, number][] => {
    const found = /^([a-z_]+)(?:\{(.*)\})? (\S+)/.exec(line)
    if (!found) return []
    const [, name = '', labels = '', value] = found
    const kept = labels
      .split(/,(?=[a-z_]+=)/)
      .filter((label) => label !== '' && !label.startsWith('otel_scope'))
    return [[kept.length > 0 ? `${name}{${kept.toSorted().join(',')}}` : name, Number(value)]]
  })
  return new Map(entries)
}
