import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EVENTUALLY, checkNamed, inspect, named } from '../../test/inspection.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

const PARENT = `CREATE TABLE parent (id int PRIMARY KEY, other int, UNIQUE (id, other));`

describe('foreign keys', () => {
  test('on a partitioned table every partition needs an index, in any column order', async () => {
    const tables = `CREATE TABLE part (id int, parent_id int CONSTRAINT fk REFERENCES parent) PARTITION BY RANGE (id);
      CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
      CREATE TABLE part_2 (gone int, parent_id int, id int); ALTER TABLE part_2 DROP COLUMN gone;
      ALTER TABLE part ATTACH PARTITION part_2 FOR VALUES FROM (10) TO (20);`
    await target.sql(`${PARENT} ${tables} CREATE INDEX ON part_1 (parent_id)`)
    const found = named(await inspect(target.url), 'foreign-key-unindexed')
    expect(Object.keys(found)).toEqual(['fk'])
    await target.sql('CREATE INDEX ON part_2 (parent_id)')
    expect(named(await inspect(target.url), 'foreign-key-unindexed')).toEqual({})
    await target.sql('CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (20) TO (30)')
    expect(Object.keys(named(await inspect(target.url), 'foreign-key-unindexed'))).toEqual(['fk'])
    await target.sql(found['fk']?.sql ?? '')
    expect(named(await inspect(target.url), 'foreign-key-unindexed')).toEqual({})
  })

  test('names are quoted, the evidence is counted, and the SQL runs', async () => {
    await target.sql(`CREATE SCHEMA "My App"; CREATE TABLE "Owner" ("Id" int PRIMARY KEY);
      CREATE TABLE "My App"."Or""der" ("Owner Id" int CONSTRAINT "Fk's" REFERENCES "Owner" ON DELETE CASCADE);
      INSERT INTO "Owner" VALUES (1); INSERT INTO "My App"."Or""der" SELECT 1 FROM generate_series(1, 9000); ANALYZE`)
    const look = () =>
      inspect(target.url, { schemas: ['My App'], thresholds: { foreignKeyRows: 9001 } })
    const found = named(await look(), 'foreign-key-unindexed')["Fk's"]
    expect(found).toMatchObject({
      severity: 'notice',
      object: { kind: 'constraint', schema: 'My App', table: 'Or"der', name: "Fk's" },
      evidence: { columns: ['Owner Id'], references: 'Owner', onDelete: 'CASCADE', rows: 9000 },
    })
    const more = await inspect(target.url, {
      schemas: ['My App'],
      thresholds: { foreignKeyRows: 9000 },
    })
    expect(named(more, 'foreign-key-unindexed')["Fk's"]?.severity).toBe('warning')
    await target.sql(found?.sql ?? '')
    expect(named(await look(), 'foreign-key-unindexed')).toEqual({})
  })

  test('tables of other schemas belong to other applications', async () => {
    await target.sql(`${PARENT} CREATE SCHEMA other; CREATE TABLE other.child (parent_id int REFERENCES parent);
      CREATE INDEX a ON other.child (parent_id); CREATE INDEX b ON other.child (parent_id)`)
    expect((await inspect(target.url)).findings).toEqual([])
    const both = await inspect(target.url, { schemas: ['other'] })
    expect(both.findings.map(({ id }) => id)).toEqual(['index-duplicate'])
    const migration = { name: '1', sql: 'CREATE SCHEMA other;', path: '1/migration.sql' }
    const made = await inspect(target.url, { migrations: [migration] })
    expect(made.findings.map(({ id }) => id)).toEqual(['index-duplicate'])
  })
})

describe('duplicate indexes', () => {
  test('the SQL drops it, with quoted names, in another schema, and as a constraint if it belongs to one', async () => {
    await target.sql(`CREATE SCHEMA "S""s"; CREATE TABLE "S""s"."T t" ("a b" int, c int NOT NULL);
      CREATE INDEX "x X" ON "S""s"."T t" ("a b"); CREATE INDEX "y Y" ON "S""s"."T t" ("a b");
      ALTER TABLE "S""s"."T t" ADD CONSTRAINT "k K" PRIMARY KEY (c), ADD CONSTRAINT "u U" UNIQUE (c)`)
    const look = async () =>
      named(await inspect(target.url, { schemas: ['S"s'] }), 'index-duplicate')
    const found = await look()
    expect(Object.keys(found)).toEqual(['u U', 'y Y'])
    expect(found['y Y']?.object).toEqual({ kind: 'index', schema: 'S"s', name: 'y Y' })
    for (const { sql } of Object.values(found)) await target.sql(sql ?? '')
    expect(await look()).toEqual({})
  })

  test('on partitioned tables whole indexes count, not those of partitions', async () => {
    await target.sql(`CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);
      CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
      CREATE INDEX x ON p (a); CREATE INDEX y ON p (a); CREATE INDEX own ON p_1 (a)`)
    const found = named(await inspect(target.url), 'index-duplicate')
    expect(Object.keys(found).toSorted()).toEqual(['own', 'y'])
    expect(found['y']?.sql).toBe('DROP INDEX "y";')
  })
})

describe('invalid indexes', () => {
  test('an index of an interrupted build is found, and the SQL rebuilds it', async () => {
    await target.sql(
      'CREATE TABLE "T" (a int); INSERT INTO "T" VALUES (1), (1); CREATE INDEX fine ON "T" (a)',
    )
    await expect(target.sql('CREATE UNIQUE INDEX CONCURRENTLY "Bad" ON "T" (a)')).rejects.toThrow()
    const found = named(await inspect(target.url), 'index-invalid')
    expect(Object.keys(found)).toEqual(['Bad'])
    expect(found['Bad']).toMatchObject({
      severity: 'warning',
      evidence: { unique: true, maybeBuilding: false },
    })
    await target.sql('DELETE FROM "T"')
    await target.sql(found['Bad']?.sql ?? '')
    expect(named(await inspect(target.url), 'index-invalid')).toEqual({})
  })

  test('the copy of an interrupted REINDEX is dropped', async () => {
    await target.sql(`CREATE TABLE t (a int); CREATE INDEX i_ccnew ON t (a);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i_ccnew'::regclass`)
    expect(named(await inspect(target.url), 'index-invalid')['i_ccnew']?.sql).toBe(
      'DROP INDEX CONCURRENTLY "i_ccnew";',
    )
  })

  test('an index of a partitioned table that is missing on a partition', async () => {
    await target.sql(`CREATE TABLE p (a int) PARTITION BY RANGE (a);
      CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE INDEX i ON ONLY p (a)`)
    expect(named(await inspect(target.url), 'index-invalid')['i']).toMatchObject({
      evidence: { partitioned: true },
      sql: null,
    })
  })

  test('one that may be under construction is only a notice', async () => {
    await target.sql(`CREATE TABLE t (a int); CREATE INDEX i ON t (a);
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass`)
    const holder = new pg.Client({ connectionString: target.url })
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE')
    const found = async () => named(await inspect(target.url), 'index-invalid')['i']
    const beside = await found()
    await holder.end()
    // The SQL would rebuild or drop the index under construction.
    expect(beside).toMatchObject({ severity: 'notice', sql: null })
    await expect.poll(async () => (await found())?.severity, EVENTUALLY).toBe('warning')
  })
})

describe('unused indexes', () => {
  const SOON = { unusedIndexDays: 0, unusedIndexBytes: 8192 }
  const unused = async (thresholds: object = SOON) =>
    named(await inspect(target.url, { thresholds }), 'index-unused')

  beforeEach(async () => {
    await target.sql(`CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c int, d int);
      INSERT INTO t SELECT n, n, n, n FROM generate_series(1, 5000) n;
      CREATE INDEX used ON t (c); CREATE INDEX "Never" ON t (d); ANALYZE`)
  })

  test('indexes of constraints and used indexes are left out', async () => {
    await target.sql('SET enable_seqscan = off; SELECT * FROM t WHERE c = 7')
    await expect.poll(async () => Object.keys(await unused()), EVENTUALLY).toEqual(['Never'])
    const found = (await unused())['Never']
    expect(found).toMatchObject({ severity: 'notice', sql: 'DROP INDEX CONCURRENTLY "Never";' })
    expect(found?.evidence).toMatchObject({
      scans: 0,
      bytes: expect.any(Number) as number,
      since: expect.stringMatching(/^20/) as string,
    })
    const bytes = Number(found?.evidence['bytes'])
    expect(Object.keys(await unused({ ...SOON, unusedIndexBytes: bytes }))).toContain('Never')
    expect(Object.keys(await unused({ ...SOON, unusedIndexBytes: bytes + 1 }))).toEqual([])
  })

  test('an index of a foreign key is left out, and an index of a partitioned table counts as a whole', async () => {
    await target.sql(`ALTER TABLE t ADD FOREIGN KEY (d) REFERENCES t; SET enable_seqscan = off; SELECT * FROM t WHERE c = 7;
      CREATE TABLE p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (9000);
      CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (9000) TO (9999); CREATE INDEX whole ON p (b); CREATE INDEX idle ON p (b, a);
      INSERT INTO p SELECT n, n FROM generate_series(1, 5000) n; ANALYZE p_1, p_2`)
    await target.sql(
      'SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT b FROM p WHERE b = 7',
    )
    await expect.poll(async () => Object.keys(await unused()).length, EVENTUALLY).toBe(1)
    const [name] = Object.keys(await unused())
    // The planner used one of the two; the other one remains.
    expect(['whole', 'idle']).toContain(name)
  })

  test('less than a week of statistics is not enough, and the report says so', async () => {
    const young = await inspect(target.url)
    expect(named(young, 'index-unused')).toEqual({})
    expect(checkNamed(young, 'unused indexes')).toMatchObject({
      status: 'not-readable',
      reason: expect.stringMatching(
        /^not readable: the server has collected statistics only since 20.*, and this check needs 7 days of them$/,
      ) as string,
    })
  })

  test('a reset restarts the period', async () => {
    const since = async () => (await unused())['Never']?.evidence['since']
    const before = await since()
    await target.sql('SELECT pg_stat_reset()')
    await expect.poll(since, EVENTUALLY).not.toBe(before)
  })
})
