import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EVENTUALLY, checkNamed, inspect, named, urlAs } from '../../test/inspection.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'
import type { InspectRequest } from './index.ts'

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

const look = (options: Partial<InspectRequest> = {}) => inspect(target.url, options)

describe('vacuum', () => {
  const OFF = 'WITH (autovacuum_enabled = off)'

  test('dead rows count from 10,000 on, and from twice the autovacuum threshold', async () => {
    for (const script of [
      `CREATE TABLE "Many" (a int) ${OFF}; CREATE TABLE few (a int) ${OFF}; CREATE TABLE big (a int) ${OFF}`,
      'INSERT INTO "Many" SELECT 1 FROM generate_series(1, 10100)',
      'INSERT INTO few SELECT 1 FROM generate_series(1, 9999)',
      'INSERT INTO big SELECT 1 FROM generate_series(1, 60000)',
      'ANALYZE',
      'DELETE FROM "Many"',
      'DELETE FROM few',
      "DELETE FROM big WHERE ctid < '(50,0)'",
    ])
      await target.sql(script)
    await expect
      .poll(async () => Object.keys(named(await look(), 'table-needs-vacuum')), EVENTUALLY)
      .toEqual(['Many'])
    const found = named(await look(), 'table-needs-vacuum')['Many']
    expect(found).toMatchObject({
      severity: 'warning',
      evidence: {
        deadRows: 10_100,
        liveRows: 0,
        autovacuum: false,
        autovacuumAt: 2070,
        lastVacuum: null,
      },
      sql: 'VACUUM (ANALYZE) "Many";',
    })
    const more = named(await look({ thresholds: { vacuumOverdue: 0.5 } }), 'table-needs-vacuum')
    expect(Object.keys(more).toSorted()).toEqual(['Many', 'big'])
    await target.sql(found?.sql ?? '')
    await expect.poll(async () => named(await look(), 'table-needs-vacuum'), EVENTUALLY).toEqual({})
  })

  test('settings of a table apply, and each partition counts separately', async () => {
    await target.sql(`CREATE TABLE own (a int) WITH (autovacuum_vacuum_threshold = 20000);
      CREATE TABLE p (a int) PARTITION BY RANGE (a);
      CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10) ${OFF};
      INSERT INTO own SELECT 1 FROM generate_series(1, 12000); DELETE FROM own;
      INSERT INTO p SELECT 1 FROM generate_series(1, 12000); DELETE FROM p`)
    await expect
      .poll(async () => Object.keys(named(await look(), 'table-needs-vacuum')), EVENTUALLY)
      .toEqual(['p_1'])
  })

  test('outdated statistics', async () => {
    await target.sql(`CREATE TABLE never (a int) ${OFF}; CREATE TABLE fresh (a int) ${OFF};
      INSERT INTO never SELECT 1 FROM generate_series(1, 10000); INSERT INTO fresh SELECT 1 FROM generate_series(1, 9999)`)
    await expect
      .poll(async () => Object.keys(named(await look(), 'table-needs-analyze')), EVENTUALLY)
      .toEqual(['never'])
    const found = named(await look(), 'table-needs-analyze')['never']
    expect(found).toMatchObject({ evidence: { changedRows: 10_000, lastAnalyze: null } })
    await target.sql(found?.sql ?? '')
    await expect
      .poll(async () => named(await look(), 'table-needs-analyze'), EVENTUALLY)
      .toEqual({})
  })

  test('a server without counters is reported as such', async () => {
    await target.sql(`ALTER DATABASE ${target.name} SET track_counts = off`)
    const found = await look()
    const reason = 'not readable: needs track_counts = on'
    expect(checkNamed(found, 'vacuum')).toMatchObject({ status: 'not-readable', reason })
    expect(checkNamed(found, 'unused indexes')).toMatchObject({ status: 'not-readable', reason })
  })
})

describe('bloat', () => {
  const FILL = `INSERT INTO t SELECT n, repeat('x', 100), CASE WHEN n % 2 = 0 THEN n END FROM generate_series(1, 20000) n;`
  const TABLE = `CREATE TABLE t (id int PRIMARY KEY, name text, note int) WITH (autovacuum_enabled = off); ${FILL}`
  const SMALL = { bloatBytes: 500_000 }

  test('a table and an index with most rows deleted, and none without gaps', async () => {
    await target.sql(`${TABLE} CREATE TABLE "S t" AS SELECT * FROM t; ANALYZE`)
    expect(
      (await look({ thresholds: { bloatBytes: 8192, bloatRatio: 0.2 } })).findings.filter(
        ({ id }) => id.endsWith('bloat'),
      ),
    ).toEqual([])
    await target.sql('DELETE FROM t WHERE id % 10 > 0')
    await target.sql('VACUUM ANALYZE t')
    const found = await look({ thresholds: { bloatBytes: 100_000 } })
    expect(Object.keys(named(found, 'table-bloat'))).toEqual(['t'])
    expect(Object.keys(named(found, 'index-bloat'))).toEqual(['t_pkey'])
    const table = named(found, 'table-bloat')['t']
    const [size] = await target.sql(`SELECT pg_relation_size('t') AS bytes`)
    expect(table?.evidence['bytes']).toBe(Number(size?.['bytes']))
    expect(table?.evidence['ratio']).toBeGreaterThan(0.85)
    expect(table?.evidence['ratio']).toBeLessThan(0.95)
    const wasted = Number(table?.evidence['wastedBytes'])
    const at = async (bloatBytes: number) =>
      Object.keys(named(await look({ thresholds: { bloatBytes } }), 'table-bloat'))
    expect(await at(wasted)).toEqual(['t'])
    expect(await at(wasted + 1)).toEqual([])
    await target.sql(named(found, 'index-bloat')['t_pkey']?.sql ?? '')
    await target.sql('ANALYZE t')
    expect(named(await look({ thresholds: { bloatBytes: 100_000 } }), 'index-bloat')).toEqual({})
  })

  test('a fill factor is not bloat, and tables without statistics are not judged', async () => {
    await target.sql(`${TABLE.replace('off', 'off, fillfactor = 40')} ANALYZE;
      CREATE TABLE unknown (a int) WITH (autovacuum_enabled = off); INSERT INTO unknown SELECT 1 FROM generate_series(1, 50000); DELETE FROM unknown`)
    await target.sql('VACUUM unknown')
    expect(named(await look({ thresholds: SMALL }), 'table-bloat')).toEqual({})
  })

  test('the report names the privilege that a role without SELECT lacks', async () => {
    const role = `${target.name}_none`
    await target.sql(
      `${TABLE} CREATE TABLE u AS SELECT * FROM t; ANALYZE; CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT SELECT ON u TO ${role}`,
    )
    const bloat = checkNamed(await inspect(urlAs(target.url, role)), 'bloat')
    expect(bloat).toMatchObject({
      status: 'partly-read',
      reason: 'not readable: needs SELECT on t',
    })
    await target.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
})

describe('cache', () => {
  test('misses count once enough blocks were read', async () => {
    await target.sql(
      `CREATE TABLE t AS SELECT n, repeat('x', 500) AS name FROM generate_series(1, 20000) n; SELECT count(*) FROM t`,
    )
    const [row] = await target.sql(
      `SELECT blks_hit::float8 AS hit, blks_read::float8 AS read FROM pg_stat_database WHERE datname = current_database()`,
    )
    const ratio = Number(row?.['hit']) / (Number(row?.['hit']) + Number(row?.['read']))
    const misses = async (options: NonNullable<InspectRequest['thresholds']>) => {
      const found = await look({ thresholds: { cacheBlocks: 100, ...options } })
      return found.findings.find(({ id }) => id === 'cache-misses')
    }
    expect(await misses({ cacheHitNotice: 0.01, cacheHitWarning: 0.01 })).toBeUndefined()
    await expect
      .poll(() => misses({ cacheHitNotice: 1.1, cacheHitWarning: 0.01 }), EVENTUALLY)
      .toMatchObject({ severity: 'notice' })
    const warning = await misses({ cacheHitNotice: 1.1, cacheHitWarning: 1.1 })
    expect(warning).toMatchObject({
      severity: 'warning',
      object: { kind: 'database', name: target.name },
    })
    expect(warning?.evidence['ratio']).toBeCloseTo(ratio, 0)
    expect(await misses({ cacheHitNotice: 1.1, cacheBlocks: 1e12 })).toBeUndefined()
    expect((await look()).figures).toContainEqual(
      expect.objectContaining({ name: 'database_cache_hit_ratio', type: 'gauge' }),
    )
  })
})
