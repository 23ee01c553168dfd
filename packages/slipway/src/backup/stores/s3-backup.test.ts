import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import pg from 'pg'
import { afterAll, beforeAll, expect } from 'vitest'
import { testWithPrograms } from '../../../test/client-programs.ts'
import { createDatabase, type TestDatabase } from '../../../test/postgres.ts'
import { type S3Server, startS3Server } from '../../../test/s3-server.ts'
import { ConnectionString, failureOf } from '../../kernel/index.ts'
import { createBackup } from '../create-backup.ts'
import { listBackups } from '../list-backups.ts'
import type { Store } from '../store.ts'
import { verifyBackup } from '../verify-backup.ts'
import { s3Store } from './s3.ts'

let database: TestDatabase
let server: S3Server
let store: Store
const common = {
  jobs: 1,
  env: process.env,
  signal: new AbortController().signal,
  emit: () => {},
}

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'the-access-key'
  process.env.AWS_SECRET_ACCESS_KEY = 'the-secret-key'
  database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  // Incompressible rows, so that the dump has several parts.
  await client.query(`CREATE TABLE item (id int PRIMARY KEY, body bytea NOT NULL);
    INSERT INTO item
    SELECT n, (SELECT string_agg(sha512((random()::text || n || m)::bytea), '') FROM generate_series(1, 64) m)
    FROM generate_series(1, 5000) n`)
  await client.end()
  server = await startS3Server()
  const place = { bucket: 'backups', prefix: 'shop', endpoint: server.url }
  store = await s3Store(place, { idleMs: 60_000, attempts: 3 })
})

afterAll(async () => {
  await server.stop()
  await database.drop()
})

testWithPrograms(
  'a backup is stored completely or not at all, and can be restored from the store',
  async () => {
    const identity = await generateX25519Identity()
    const encryption = {
      kind: 'recipients',
      recipients: [await identityToRecipient(identity)],
    } as const
    const create = async () =>
      await createBackup({
        ...common,
        address: { kind: 'postgres', url: new ConnectionString(database.url) },
        environment: 'production',
        store,
        encryption,
        format: 'custom',
        globals: false,
        sums: true,
        excludedData: { asked: [], configured: [] },
        schemas: ['public'],
        before: [],
        version: '0.0.0',
      })

    server.fault = ({ operation, part }) =>
      operation === 'upload-part' && part === 2
        ? { kind: 'answer', status: 507, code: 'InsufficientStorage' }
        : undefined
    const failure = await create().then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.STORE_FULL')
    // The same if only the manifest fails, which is written last.
    server.fault = ({ operation }) =>
      operation === 'put' ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined
    expect((await create().then(() => undefined, failureOf))?.code).toBe('BACKUP.STORE_REFUSED')
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0])

    const broken = new Set<string>()
    server.fault = ({ operation }) => {
      if (broken.has(operation)) return undefined
      broken.add(operation)
      return operation === 'get'
        ? { kind: 'cut-answer', bytes: 100 }
        : { kind: 'answer', status: 503, code: 'SlowDown' }
    }
    const { id } = await create()
    expect(
      server.requests.filter((one) => one.startsWith('complete-upload')).length,
    ).toBeGreaterThan(0)

    server.fault = ({ operation, before }) =>
      operation === 'get' && before % 2 === 0 ? { kind: 'cut-answer', bytes: 3_000_000 } : undefined
    const keys = { identities: [identity], passphrases: [] }
    const { verification } = await verifyBackup({
      ...common,
      store,
      name: { id, environment: 'production' },
      keys,
      quick: false,
      server: new ConnectionString(database.url),
    })
    expect(verification?.id).toBe(id)
    server.fault = () => undefined
    const { backups, unusable } = await listBackups(store)
    expect(unusable).toEqual([])
    expect(backups.map(({ manifest, verification: found }) => [manifest.id, found?.id])).toEqual([
      [id, id],
    ])
  },
)
