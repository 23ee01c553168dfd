import { AsyncLocalStorage } from 'node:async_hooks'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { context, type Context, type ContextManager, trace, TraceFlags } from '@opentelemetry/api'
import { PrismaPg } from '@prisma/adapter-pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTestDatabase } from '../../test/database.ts'
import { type Gate, startGate } from '../../test/gate.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { dataModelOf } from '../datamodel.ts'
import { createPool } from '../pool/index.ts'
import { retry } from '../retry/index.ts'
import { log, type LogOptions, type OperationRecord, sqlComments } from './index.ts'
import { redactArguments } from './redact.ts'

let database: TestDatabase
let gate: Gate
beforeAll(async () => {
  database = await createTestDatabase()
  gate = await startGate(database.url)
})
afterAll(async () => {
  await gate.close()
  await database.drop()
})

type Entry = readonly [level: string, record: OperationRecord]

/** Runs work on a client that logs, and returns what was logged. Nothing counts as slow unless the options say so. */
async function logged(
  options: LogOptions,
  work: (prisma: PrismaClient) => Promise<unknown>,
): Promise<Entry[]> {
  const entries: Entry[] = []
  const add = (level: string) => (record: OperationRecord) => entries.push([level, record])
  const logger = { debug: add('debug'), warn: add('warn'), error: add('error') }
  const pool = createPool(gate.url, 'server', { max: 1 })
  const base = new PrismaClient({ adapter: new PrismaPg(pool) })
  const client = base
    .$extends(log({ logger, slowThreshold: 600_000, ...options }))
    .$extends(retry())
  try {
    await work(client as unknown as PrismaClient)
  } finally {
    await base.$disconnect()
    await pool.end()
  }
  return entries
}

describe('log', () => {
  it('writes model, action, time and rows of each operation', async () => {
    const entries = await logged({}, async (prisma) => {
      await prisma.carrier.findMany({ take: 3 })
      await prisma.carrier.findUnique({ where: { id: 0 } })
      await prisma.contact.updateMany({ where: { id: { lte: 2 } }, data: { phone: '555-0101' } })
      await prisma.$queryRaw`SELECT 1 AS one`
      await prisma.$transaction((tx) => tx.load.create({ data: { reference: 'LD-1' } }))
    })
    const seen = entries.map(([level, { model, action, rows, inTransaction }]) => [
      level,
      model,
      action,
      rows,
      inTransaction,
    ])
    expect(seen).toEqual([
      ['debug', 'Carrier', 'findMany', 3, false],
      ['debug', 'Carrier', 'findUnique', 0, false],
      ['debug', 'Contact', 'updateMany', 2, false],
      ['debug', undefined, '$queryRaw', 1, false],
      ['debug', 'Load', 'create', 1, true],
    ])
    for (const [, record] of entries) {
      expect(record.duration).toBeGreaterThan(0)
      expect(record).not.toHaveProperty('args')
    }
  })

  it('reports how long an operation waited for the pool, and how often it was retried', async () => {
    const entries = await logged({}, async (prisma) => {
      await prisma.$connect()
      const busy = prisma.$executeRaw`SELECT pg_sleep(0.3)`.then((rows) => rows)
      await sleep(100)
      await prisma.carrier.count()
      await busy
      gate.cut('before', 'SELECT')
      await prisma.carrier.count()
    })
    const counts = entries
      .filter(([, { action }]) => action === 'count')
      .map(([, record]) => record)
    expect(counts).toMatchObject([{ retries: 0 }, { retries: 1 }])
    expect(counts[0]?.poolWait).toBeGreaterThan(60)
  })

  it('warns about a slow operation, with redacted arguments', async () => {
    const where = {
      name: { contains: 'Secret' },
      contacts: { some: { phone: '555-0199', fullName: 'Ann' } },
    }
    const entries = await logged(
      { slowThreshold: 0, allowedFields: ['Carrier.name', 'Contact.fullName'] },
      (prisma) =>
        prisma.carrier.findMany({
          where: { ...where, mcNumber: { in: ['1', '2'] } },
          include: { contacts: { where: { phone: '555-0199' }, take: 5 } },
          orderBy: { name: 'asc' },
          take: 3,
        }),
    )
    expect(entries).toMatchObject([['warn', { slow: true, model: 'Carrier', rows: 0 }]])
    expect(entries[0]?.[1].args).toEqual({
      where: {
        name: { contains: 'Secret' },
        contacts: { some: { phone: '[redacted]', fullName: 'Ann' } },
        mcNumber: { in: ['[redacted]', '[redacted]'] },
      },
      include: { contacts: { where: { phone: '[redacted]' }, take: 5 } },
      orderBy: { name: 'asc' },
      take: 3,
    })
  })

  it('redacts the content of JSON values, and what a user searches for', () => {
    const fields = ['name', 'settings'].map((name) => ({ name, kind: 'scalar', type: 'Json' }))
    const dataModel = dataModelOf({ _runtimeDataModel: { models: { Carrier: { fields } } } })
    const args = {
      data: { settings: { mode: 'Secret', take: 7, name: 'Secret', select: { a: 'Secret' } } },
      orderBy: { _relevance: { fields: ['name'], search: 'Secret', sort: 'asc' } },
    }
    const options = { allowed: new Set(['Carrier.name']), dataModel }
    const all = '[redacted]'
    expect(redactArguments(args, 'Carrier', options)).toEqual({
      data: { settings: { mode: all, take: all, name: all, select: { a: all } } },
      orderBy: { _relevance: { fields: ['name'], search: all, sort: 'asc' } },
    })
  })

  it('reports a failure with its code, without message and values', async () => {
    const entries = await logged({}, async (prisma) => {
      const raw = prisma.$queryRawUnsafe('SELECT no_such_column', 'secret')
      await expect(raw).rejects.toThrow('no_such_column')
      const duplicate = prisma.carrier.create({ data: { name: 'x', mcNumber: '100001' } })
      await expect(duplicate).rejects.toThrow()
    })
    expect(entries).toMatchObject([
      [
        'error',
        {
          action: '$queryRawUnsafe',
          args: '[redacted]',
          error: { kind: 'other', sqlState: '42703' },
        },
      ],
      ['debug', { action: 'create', error: { kind: 'constraint', prismaCode: 'P2002' } }],
    ])
    expect(JSON.stringify(entries)).not.toContain('secret')
    expect(JSON.stringify(entries)).not.toContain('no_such_column')
  })

  it('omits ordinary operations by sample rate and by level', async () => {
    const ordinary = (prisma: PrismaClient) => prisma.carrier.count()
    expect(await logged({ sampleRate: 0 }, ordinary)).toEqual([])
    const lines: string[] = []
    const sink = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) })
    for (const level of ['info', 'debug']) {
      await logged({ logger: pino({ level }, sink) }, ordinary)
    }
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { model: 'Carrier', action: 'count', msg: 'database operation' },
    ])
  })

  it('starts with an empty LOG_LEVEL', () => {
    vi.stubEnv('LOG_LEVEL', '')
    expect(() => log()).not.toThrow()
    vi.unstubAllEnvs()
  })

  it('contains the trace ID', async () => {
    const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED }
    context.setGlobalContextManager(asyncContext())
    const entries = await logged({}, (prisma) =>
      context.with(trace.setSpanContext(context.active(), span), async () => {
        // Prisma's promises are lazy: the await begins the operation here.
        await prisma.carrier.count()
      }),
    )
    context.disable()
    expect(entries).toMatchObject([['debug', { traceId: span.traceId }]])
  })
})

describe('sqlComments', () => {
  it('tells the server which model and action a statement belongs to', async () => {
    const prisma = new PrismaClient({
      adapter: new PrismaPg({ connectionString: database.url, application_name: 'commented' }),
      comments: [sqlComments({ application: 'carriers' })],
    })
    await prisma.carrier.findMany({ take: 1 })
    const rows = await runSql(
      database.url,
      `SELECT query FROM pg_stat_activity WHERE application_name = 'commented'`,
    )
    await prisma.$disconnect()
    expect(rows[0]?.['query']).toMatch(
      /\/\*action='findMany',application='carriers',model='Carrier'\*\/$/,
    )
  })
})

/** A minimal version of the context manager that an application gets from the OpenTelemetry SDK. */
function asyncContext(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const root = context.active()
  return {
    active: () => storage.getStore() ?? root,
    with: (active, work, self, ...args) =>
      storage.run(active, () => work.apply(self as never, args)),
    bind: (_, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
}
