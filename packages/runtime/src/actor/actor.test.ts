import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../slipway/test/postgres.ts'
import { runSql } from '../../../slipway/test/run-sql.ts'
import { createTestDatabase } from '../../test/database.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { withRetry } from '../retry/index.ts'
import { actor, currentActor, withActor } from './index.ts'

const AUDIT = `
CREATE TABLE audit (name text, actor text);
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audit VALUES (NEW.name, nullif(current_setting('slipway.actor', true), '')); RETURN NEW; END $$;
CREATE TRIGGER write_audit AFTER INSERT OR UPDATE ON carriers FOR EACH ROW EXECUTE FUNCTION write_audit();
`

let database: TestDatabase
let base: PrismaClient
beforeAll(async () => {
  database = await createTestDatabase()
  await runSql(database.url, AUDIT)
  // With one connection, the next transaction would see a setting that outlived its own.
  base = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 1 }) })
})
beforeEach(() => runSql(database.url, 'TRUNCATE audit'))
afterAll(async () => {
  await base.$disconnect()
  await database.drop()
})

const audit = () => runSql(database.url, 'SELECT name, actor FROM audit ORDER BY name')
const create = (name: string) => ({ data: { name } })

describe('withActor', () => {
  it('names the actor of single writes, raw statements, and transactions of both kinds', async () => {
    const prisma = base.$extends(actor())
    await withActor('ann@example.com', async () => {
      const single = await prisma.carrier.create(create('1 single'))
      await prisma.$executeRaw`INSERT INTO carriers (name) VALUES ('2 raw')`
      const batch = await prisma.$transaction([
        prisma.carrier.create(create('3 batch')),
        prisma.carrier.count(),
      ])
      const inner = await prisma.$transaction((tx) => tx.carrier.create(create('4 interactive')))
      await withRetry(prisma, (tx) => tx.carrier.create(create('5 retried')))
      expect([single.name, batch[0].name, batch.length, inner.name]).toEqual([
        '1 single',
        '3 batch',
        2,
        '4 interactive',
      ])
      expect(batch[1]).toBeGreaterThan(20)
    })
    expect(await audit()).toEqual(
      ['1 single', '2 raw', '3 batch', '4 interactive', '5 retried'].map((name) => ({
        name,
        actor: 'ann@example.com',
      })),
    )
  })

  it('leaves no actor behind on the connection', async () => {
    const prisma = base.$extends(actor())
    await withActor('ann', () => prisma.carrier.create(create('hers')).then(() => undefined))
    await prisma.carrier.create(create('nobody'))
    expect(await audit()).toEqual([
      { name: 'hers', actor: 'ann' },
      { name: 'nobody', actor: null },
    ])
  })

  it('keeps concurrent actors apart, and accepts any name', async () => {
    const prisma = base.$extends(actor())
    const names = ["o'neil", '"; DROP TABLE audit; --', 'Zoë', 'ann']
    await Promise.all(
      names.map((name) =>
        withActor(name, async () => {
          await prisma.carrier.create(create(name))
          expect(currentActor()).toBe(name)
        }),
      ),
    )
    const rows = await audit()
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(row['actor']).toBe(row['name'])
  })

  it('rolls back a failed write', async () => {
    const prisma = base.$extends(actor())
    const failing = withActor('ann', async () => {
      await prisma.carrier.create({ data: { name: 'twice', mcNumber: '100001' } })
    })
    await expect(failing).rejects.toMatchObject({ code: 'P2002' })
    expect(await audit()).toEqual([])
  })
})
