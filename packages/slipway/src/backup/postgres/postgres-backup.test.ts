import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testWithPrograms } from '../../../test/client-programs.ts'
import { urlAs } from '../../../test/inspection.ts'
import { createDatabase, startCluster } from '../../../test/postgres.ts'
import { runSql } from '../../../test/run-sql.ts'
import { createTarget, type TestTarget } from '../../../test/target.ts'
import { withSession } from '../../database/index.ts'
import { ConnectionString } from '../../kernel/index.ts'
import { createBackup, folderStore, verifyBackup } from '../index.ts'
import type { DataSums, Manifest } from '../manifest.ts'
import { checkIndexes } from './amcheck.ts'
import { compareRestored } from './compare-restored.ts'
import { readDataSums } from './data-sums.ts'
import { createLikeSql, dropLeftoversSql, holdsObjects, swapNames } from './databases.ts'

let target: TestTarget
beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

const addressOf = (url: string) => ({ kind: 'postgres' as const, url: new ConnectionString(url) })

test('an extension does not fill a database, and a table does', async () => {
  const isFilled = () => withSession(addressOf(target.url), {}, holdsObjects)
  await target.sql('CREATE EXTENSION citext')
  expect(await isFilled()).toBe(false)
  await target.sql('CREATE TYPE mood AS ENUM ()')
  expect(await isFilled()).toBe(true)
})

test('finds what killed restores left of a database with a long name', async () => {
  const names = swapNames(`${target.name}_${'ä'.repeat(20)}`, new Date())
  expect(Buffer.byteLength(names.made)).toBeLessThanOrEqual(63)
  await target.sql(`CREATE DATABASE "${names.made}"`)
  await target.sql(
    `COMMENT ON DATABASE "${names.made}" IS 'slipway backup restore of ${names.database}'`,
  )
  const leftOf = (database: string) =>
    withSession(addressOf(target.url), {}, (session) =>
      dropLeftoversSql(session, swapNames(database, new Date(0))),
    )
  // The server shortens both names to the same one.
  expect(await leftOf(`${names.database}ä`)).toEqual([])
  const found = await leftOf(names.database)
  expect(found).toEqual([`DROP DATABASE IF EXISTS "${names.made}"`])
  await target.sql(found[0] ?? '')
})

test('drops what a killed restore left, but not of another database whose name begins alike', async () => {
  const [own, other] = ['', '_restore_b'].map((end) => swapNames(target.name + end, new Date()))
  if (own === undefined || other === undefined) throw new Error('two names')
  const found = await withSession(addressOf(target.url), {}, async (session) => {
    const [create = '', comment = ''] = await createLikeSql(session, own.made)
    for (const sql of [create, comment]) await session.execute(sql)
    await session.execute(`CREATE DATABASE "${other.made}"`)
    const itsComment = comment
      .replace(own.made, other.made)
      .replace(/of .*'/, `of ${other.database}'`)
    await session.execute(itsComment)
    return await dropLeftoversSql(session, own)
  })
  for (const { made } of [own, other]) await target.sql(`DROP DATABASE "${made}"`)
  expect(found).toEqual([`DROP DATABASE IF EXISTS "${own.made}"`])
})

test('finds what a restore left that was killed while the server created its database', async () => {
  const names = swapNames(target.name, new Date())
  const found = await withSession(addressOf(target.url), {}, async (session) => {
    const [createSql = ''] = await createLikeSql(session, names.made)
    await session.execute(createSql)
    await session.execute(`CREATE DATABASE "${names.prefix}of_a_person" ALLOW_CONNECTIONS false`)
    return await dropLeftoversSql(session, swapNames(target.name, new Date(0)))
  })
  expect(found).toEqual([`DROP DATABASE IF EXISTS "${names.made}"`])
  await target.sql(found[0] ?? '')
  await target.sql(`DROP DATABASE "${names.prefix}of_a_person"`)
})

test('a check of indexes that is not allowed does not report them as corrupt', async () => {
  const role = `${target.name}_checker`
  await target.sql(`CREATE EXTENSION amcheck; CREATE TABLE t (id int PRIMARY KEY);
    CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
  try {
    expect(await checkIndexes(addressOf(target.url))).toMatchObject({ differences: [] })
    await expect(checkIndexes(addressOf(urlAs(target.url, role)))).rejects.toMatchObject({
      failure: { server: { sqlstate: '42501' } },
    })
  } finally {
    await target.sql(`DROP ROLE ${role}`)
  }
})

test('checksums see a change of case, even if the collation ignores it', async () => {
  const sums = () => withSession(addressOf(target.url), {}, (session) => readDataSums(session, []))
  await target.sql(`CREATE COLLATION ignoring (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (name text COLLATE ignoring); INSERT INTO t VALUES ('A')`)
  const before = await sums()
  await target.sql(`UPDATE t SET name = 'a'`)
  expect(await sums()).not.toEqual(before)
})

test('checksums of an earlier version are compared by its method', async () => {
  await target.sql(`CREATE COLLATION ignoring (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (name text COLLATE ignoring); INSERT INTO t VALUES ('A')`)
  const [earlier] = await target.sql(
    'SELECT sum(hash_record_extended(ROW(t.name::text), 0))::text AS sum FROM t',
  )
  const { versionNumber, recorded } = await withSession(
    addressOf(target.url),
    {},
    async (session) => ({
      versionNumber: session.server.versionNumber,
      recorded: await readDataSums(session, []),
    }),
  )
  const differences = async (sums: DataSums) => {
    const manifest = {
      server: { versionNumber },
      fingerprint: { method: '', hash: '' },
      excludedData: [],
      sums,
    } as unknown as Manifest
    return (await compareRestored(addressOf(target.url), manifest)).differences
  }
  const { method: _method, ...without } = recorded
  const tables = [{ schema: 'public', table: 't', rows: 1, sum: String(earlier?.['sum']) }]
  expect(await differences({ ...without, tables })).toEqual([])
  expect(await differences(recorded)).toEqual([])
  await target.sql(`UPDATE t SET name = 'a'`)
  expect(await differences(recorded)).toEqual(['rows of public.t have changed'])
})

testWithPrograms(
  'a backup of a server whose first superuser has an unusual name is restored',
  async () => {
    const cluster = await startCluster()
    const folder = mkdtempSync(path.join(tmpdir(), 'slipway-backup-'))
    try {
      await runSql(cluster.url, `CREATE ROLE helper SUPERUSER LOGIN PASSWORD 'x'`)
      await runSql(urlAs(cluster.url, 'helper'), 'ALTER ROLE postgres RENAME TO "the owner"')
      const url = Object.assign(new URL(cluster.url), { username: 'the owner' }).href
      const { url: shop } = await createDatabase({ server: url })
      await runSql(shop, 'CREATE TABLE t (id int); INSERT INTO t VALUES (1)')
      const common = {
        store: folderStore(folder),
        env: process.env,
        signal: new AbortController().signal,
        emit: () => {},
      }
      const manifest = await createBackup({
        ...common,
        address: addressOf(shop),
        environment: 'testing',
        encryption: undefined,
        format: undefined,
        jobs: 1,
        globals: false,
        sums: true,
        excludedData: { asked: [], configured: [] },
        schemas: ['public'],
        before: [],
        version: '0.0.0',
      })
      expect(manifest.roles).toEqual(['the owner'])
      const { compared } = await verifyBackup({
        ...common,
        name: { id: undefined, environment: 'testing' },
        keys: { identities: [], passphrases: [] },
        quick: false,
        jobs: 1,
        server: undefined,
      })
      expect(compared.differences).toEqual([])
    } finally {
      await cluster.stop()
      rmSync(folder, { recursive: true })
    }
  },
)
