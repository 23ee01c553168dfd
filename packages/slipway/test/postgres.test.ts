import { execFileSync } from 'node:child_process'
import path from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { serverBinaries } from './binaries.ts'
import { testWithPrograms } from './client-programs.ts'
import { installedBuilds } from './npm-builds.ts'
import { createDatabase, postgresBin, serverUrl, startCluster } from './postgres.ts'

const cleanups: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup()
})

describe('a test database', () => {
  test('is empty, and does not exist after drop', async () => {
    const database = await createDatabase()
    expect(await tablesOf(database.url)).toEqual([])
    await database.drop()
    await expect(tablesOf(database.url)).rejects.toMatchObject({ code: '3D000' })
  })

  test('is a copy of its template', async () => {
    const template = await createDatabase()
    cleanups.push(template.drop)
    await query(template.url, 'CREATE TABLE carriers (id int)')
    const copy = await createDatabase({ template: template.name })
    cleanups.push(copy.drop)
    expect(await tablesOf(copy.url)).toEqual(['carriers'])
  })
})

test('only a server from npm may lack psql and pg_dump', () => {
  const version = Number(process.env['TEST_SERVER_VERSION'])
  const servers = serverBinaries().filter((one) => one.version >= version)
  const own = servers.filter(({ dir }) => !installedBuilds().includes(dir))
  if (own.length > 0) expect(postgresBin()).toBeDefined()
})

testWithPrograms('psql reaches the test server', () => {
  const psql = path.join(postgresBin() ?? '', 'psql')
  const output = execFileSync(psql, [serverUrl(), '-Atc', 'SELECT 1 + 1'], { encoding: 'utf8' })
  expect(output).toBe('2\n')
})

describe('a separate server', () => {
  test('accepts settings, and has stopped after kill', async () => {
    const cluster = await startCluster({ settings: { work_mem: '7MB' } })
    cleanups.push(cluster.stop)
    expect(await query(cluster.url, 'SHOW work_mem')).toEqual([{ work_mem: '7MB' }])
    await cluster.kill()
    await expect(query(cluster.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  })

  test('can be a read-only standby', async () => {
    const standby = await startCluster({ standby: true })
    cleanups.push(standby.stop)
    expect(await query(standby.url, 'SELECT pg_is_in_recovery() AS standby')).toEqual([
      { standby: true },
    ])
    await expect(query(standby.url, 'CREATE TABLE t ()')).rejects.toMatchObject({ code: '25006' })
  })
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function tablesOf(url: string): Promise<string[]> {
  const rows = await query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  return (rows as { tablename: string }[]).map((row) => row.tablename)
}
