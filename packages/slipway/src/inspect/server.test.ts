import { existsSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startReplica } from '../../../runtime/test/replication.ts'
import { EVENTUALLY, checkNamed, inspect, urlAs } from '../../test/inspection.ts'
import { type Cluster, startCluster } from '../../test/postgres.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({
    settings: {
      shared_preload_libraries: 'pg_stat_statements',
      'pg_stat_statements.track_utility': 'on',
      max_slot_wal_keep_size: '64MB',
      min_wal_size: '32MB',
      max_wal_size: '64MB',
      archive_mode: 'on',
      archive_command: 'false',
    },
  })
  await sql(
    `CREATE ROLE nothing LOGIN PASSWORD 'x'; CREATE ROLE monitor LOGIN PASSWORD 'x' IN ROLE pg_monitor`,
  )
})
afterAll(() => cluster.stop())

async function sql(script: string, url = cluster.url): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const result = await client.query(script)
    return (Array.isArray(result) ? result.at(-1) : result).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

describe('statements', () => {
  const PRISMA = `SELECT "public"."T"."a" FROM "public"."T" WHERE "a" = 5 LIMIT 3 OFFSET 0 /*action='findMany',application='shop',model='Carrier'*/`
  const SECRET = '4929-SECRET-7788'

  test('without the extension the report says what is missing', async () => {
    const found = await inspect(cluster.url)
    expect(found.statements).toBeNull()
    expect(checkNamed(found, 'statements')).toMatchObject({
      status: 'not-readable',
      reason:
        'not readable: needs the extension pg_stat_statements in this database, and in shared_preload_libraries',
    })
  })

  test('each has model and action from its tags and no constants, whatever the schema of the extension', async () => {
    await sql(`CREATE TABLE "T" (a int); INSERT INTO "T" SELECT 5 FROM generate_series(1, 1000);
      GRANT SELECT ON "T" TO PUBLIC; CREATE SCHEMA "Ext s"; CREATE EXTENSION pg_stat_statements SCHEMA "Ext s";
      GRANT USAGE ON SCHEMA "Ext s" TO monitor; SELECT "Ext s".pg_stat_statements_reset()`)
    for (let call = 0; call < 3; call++) await sql(PRISMA)
    await sql(`UPDATE "T" SET a = 6 WHERE a = 49297788 /*prismaQuery='Load.updateOne:eyJ9'*/`)
    await sql(`CREATE ROLE secretive PASSWORD '${SECRET}'`)
    await sql(`SET application_name = '${SECRET}'`)
    await sql(`SET application_name TO secretword`)
    await sql(`SELECT 1 /* ${SECRET} */`)
    await sql(`DO $body$ BEGIN PERFORM '${SECRET}'; END $body$`)
    const { statements, figures } = await inspect(cluster.url)
    expect(statements?.byCalls[0]).toMatchObject({
      model: 'Carrier',
      action: 'findMany',
      text: 'SELECT "public"."T"."a" FROM "public"."T" WHERE "a" = $1 LIMIT $2 OFFSET $3',
      calls: 3,
      rows: 9,
    })
    const { byTime = [] } = statements ?? {}
    expect(byTime.find(({ action }) => action === 'updateOne')).toMatchObject({
      model: 'Load',
      calls: 1,
    })
    const texts = byTime.map(({ text }) => text)
    expect(texts).toContain("CREATE ROLE secretive PASSWORD '…'")
    expect(texts).toContain('SET application_name …')
    expect(texts).toContain("DO '…'")
    const own = [...byTime, ...(statements?.byCalls ?? [])].map((one) => one.text).join('\n')
    expect(own).not.toMatch(/pg_locks|pg_has_role|pg_database|pg_backend_pid|statement_timeout/)
    expect(JSON.stringify({ statements, figures })).not.toMatch(/SECRET|49297788|secretword|shop/)
    expect(byTime.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(1.001)
    expect(figures).toContainEqual(
      expect.objectContaining({
        name: 'statement_calls_total',
        value: 3,
        labels: expect.objectContaining({ model: 'Carrier', action: 'findMany' }) as object,
      }),
    )
  })

  test('a slow one is a finding from a certain mean time and number of calls', async () => {
    const slow = async (slowStatementMs: number, slowStatementCalls: number) => {
      const { findings } = await inspect(cluster.url, {
        thresholds: { slowStatementMs, slowStatementCalls },
      })
      return findings.filter(({ evidence }) => evidence['model'] === 'Carrier')
    }
    const [row] = await sql(
      `SELECT mean_exec_time AS mean FROM "Ext s".pg_stat_statements WHERE query LIKE '%findMany%' AND calls = 3`,
    )
    const mean = Number(row?.['mean'])
    expect(await slow(mean * 1.001, 3)).toEqual([])
    expect(await slow(mean * 0.999, 4)).toEqual([])
    expect(await slow(mean * 0.999, 3)).toMatchObject([
      {
        id: 'slow-statement',
        message: expect.stringContaining('Carrier.findMany') as string,
        evidence: { calls: 3 },
      },
    ])
  })

  test('statements of other roles and other databases', async () => {
    await sql('CREATE DATABASE other')
    await sql(
      'SELECT 1 AS elsewhere',
      Object.assign(new URL(cluster.url), { pathname: '/other' }).href,
    )
    const texts = async (url: string) => {
      const { statements } = await inspect(url)
      return (statements?.byTime ?? []).map(({ text }) => text).join('\n')
    }
    expect(await texts(cluster.url)).not.toContain('elsewhere')
    expect(await texts(urlAs(cluster.url, 'monitor'))).toContain('WHERE "a" = $1')
    const blind = urlAs(cluster.url, 'nothing')
    expect(checkNamed(await inspect(blind), 'statements')?.reason).toBe(
      'not readable: needs USAGE on the schema of pg_stat_statements, and SELECT on it',
    )
    await sql('GRANT USAGE ON SCHEMA "Ext s" TO nothing')
    await sql('SELECT count(*) AS own FROM "T"', blind)
    expect(await texts(blind)).toContain('own')
    expect(await texts(blind)).not.toContain('"a" = $1')
    expect(checkNamed(await inspect(blind), 'statements')).toMatchObject({
      status: 'partly-read',
      reason: 'statements of other roles not readable: needs pg_monitor',
    })
  })
})

describe('replication and archive', () => {
  const about = async (id: string, thresholds = {}, url = cluster.url) =>
    (await inspect(url, { thresholds })).findings.filter((one) => one.id === id)
  // Transactional messages: the server writes those at COMMIT, others some time later.
  const writeWal = (bytes: number) =>
    sql(
      `SELECT count(pg_logical_emit_message(true, 'test', repeat('x', 1000000))) FROM generate_series(1, ${Math.ceil(bytes / 1e6)})`,
    )

  test('an unused slot, from the threshold on, until it loses its WAL', async () => {
    await sql(`SELECT pg_create_physical_replication_slot('left_over', true)`)
    await writeWal(2e6)
    expect(await about('replication-slot')).toEqual([])
    const found = await about('replication-slot', { retainedWalBytes: 2e6 })
    expect(found).toMatchObject([
      {
        severity: 'warning',
        evidence: { slot: 'left_over', active: false },
        sql: `SELECT pg_drop_replication_slot('left_over');`,
      },
    ])
    for (let round = 0; round < 6; round++) {
      await writeWal(24e6)
      await sql('SELECT pg_switch_wal()')
      await sql('CHECKPOINT')
    }
    expect(await about('replication-slot')).toMatchObject([
      { severity: 'error', evidence: { slot: 'left_over' } },
    ])
    await sql(found[0]?.sql ?? '')
    expect(await about('replication-slot', { retainedWalBytes: 0 })).toEqual([])
  })

  test('failing WAL archiving is an error, and backups are not silently left out', async () => {
    await expect.poll(() => about('archive-failing'), EVENTUALLY).toHaveLength(1)
    const [found] = await about('archive-failing')
    expect(found).toMatchObject({ severity: 'error', evidence: { lastArchived: null } })
    expect(Number(found?.evidence['failures'])).toBeGreaterThan(0)
    expect(checkNamed(await inspect(cluster.url), 'last backup')).toMatchObject({
      status: 'partly-read',
      reason: expect.stringMatching(/time of the last backup is not readable/) as string,
    })
    await sql(`ALTER SYSTEM SET archive_command = 'true'`).catch(() => undefined)
  })

  test('an old backup of Slipway is a warning, and the age of a recent one is a figure', async () => {
    const backupFrom = async (days: number) =>
      await inspect(cluster.url, {
        lastBackup: new Date(Date.now() - days * 86_400_000).toISOString(),
      })
    const old = await backupFrom(3.5)
    expect(old.findings.filter(({ id }) => id === 'backup-old')).toMatchObject([
      { severity: 'warning', message: expect.stringMatching(/ 3 days old/) as string },
    ])
    const recent = await backupFrom(1)
    expect(recent.findings.map(({ id }) => id)).not.toContain('backup-old')
    expect(checkNamed(recent, 'last backup')).toMatchObject({ status: 'read' })
    const figure = recent.figures.find(({ name }) => name === 'last_backup_seconds')
    expect(figure?.value).toBeCloseTo(86_400, -2)
  })

  // The PostgreSQL builds from npm do not contain pg_basebackup.
  const canCopy = () => existsSync(path.join(cluster.binDir, 'pg_basebackup'))

  test('a replica that lags, seen from both servers; missing privileges are reported', async (context) => {
    if (!canCopy()) context.skip()
    const replica = await startReplica(cluster)
    try {
      await expect
        .poll(() => sql('SELECT state FROM pg_stat_replication'), EVENTUALLY)
        .toEqual([{ state: 'streaming' }])
      expect(await about('replication-lag', { retainedWalBytes: 1e6 })).toEqual([])
      expect(checkNamed(await inspect(replica.url), 'replication')).toMatchObject({
        status: 'read',
        findings: 0,
      })
      await sql('SELECT pg_wal_replay_pause()', replica.url)
      await writeWal(3e6)
      await expect
        .poll(() => about('replication-lag', { retainedWalBytes: 1e6 }), EVENTUALLY)
        .toMatchObject([
          { severity: 'warning', evidence: { replica: 'walreceiver', state: 'streaming' } },
        ])
      expect(await about('replication-lag', { retainedWalBytes: 1e6 }, replica.url)).toMatchObject([
        { evidence: { replica: 'this server' } },
      ])
      expect(await about('replication-lag', { replicationSeconds: 3600 })).toEqual([])
      expect(checkNamed(await inspect(urlAs(cluster.url, 'nothing')), 'replication')).toMatchObject(
        {
          status: 'partly-read',
          reason: 'the lag of 1 replica not readable: needs pg_monitor',
        },
      )
      const { figures } = await inspect(urlAs(cluster.url, 'monitor'))
      expect(figures).toContainEqual(
        expect.objectContaining({
          name: 'replication_lag_bytes',
          labels: { replica: 'walreceiver' },
        }),
      )
    } finally {
      await replica.remove()
    }
  })
})
