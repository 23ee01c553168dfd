import { beforeEach, describe, expect, test } from 'vitest'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { restoredFindings } from '../app/kept-result.ts'
import { deploy } from '../deploy/index.ts'
import { rollback, type RollbackOutcome } from './index.ts'

// A rollback restores data to the rows to which it belongs, whatever happened to rows since, and compares it
// with the kept data.

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  return () => target.drop()
})

async function deployed(...migrations: readonly TestMigration[]): Promise<void> {
  const consent = { confirm: undefined }
  const done = await deploy({ ...target.request(migrations), consent, acceptDrift: false })
  expect(done.failure).toBeUndefined()
}

async function rolledBack(steps: number, ...migrations: readonly TestMigration[]) {
  return await rollback({
    ...target.request(migrations),
    consent: { confirm: undefined },
    extent: { kind: 'steps', steps },
    acceptUnproven: false,
    announce: () => {},
  })
}

const rows = async (table: string) =>
  (await target.sql(`SELECT to_jsonb(t) AS row FROM ${table} AS t ORDER BY 1`)).map(
    ({ row }) => row,
  )

const messages = ({ kept }: RollbackOutcome) =>
  kept.flatMap(restoredFindings).map(({ message }) => message)

describe('restored data is compared with kept data', () => {
  const INIT = migration(
    '1_init',
    `CREATE TABLE price (id serial PRIMARY KEY, amount numeric(10,2));
CREATE TABLE part (id serial, name text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
CREATE TABLE audit (id integer);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER shouting BEFORE INSERT OR UPDATE ON part_1 FOR EACH ROW EXECUTE FUNCTION shout();
ALTER TABLE part_1 ENABLE ALWAYS TRIGGER shouting;
CREATE RULE noting AS ON INSERT TO price DO ALSO INSERT INTO audit VALUES (NEW.id);`,
  )
  const ROWS = `INSERT INTO price (amount) VALUES (1.25), (2.5); TRUNCATE audit;
    ALTER TABLE part_1 DISABLE TRIGGER shouting; INSERT INTO part (name) SELECT 'name ' || n FROM generate_series(1, 5) AS n;
    ALTER TABLE part_1 ENABLE ALWAYS TRIGGER shouting`

  test.each([
    ['deleted rows', 'DELETE FROM price; DELETE FROM part WHERE id < 4;'],
    ['updated values', "UPDATE price SET amount = 0; UPDATE part SET name = 'x';"],
    ['dropped columns', 'ALTER TABLE price DROP COLUMN amount; ALTER TABLE part DROP COLUMN name;'],
    ['emptied tables', 'TRUNCATE price RESTART IDENTITY; TRUNCATE part RESTART IDENTITY;'],
  ])('%s are restored without firing triggers of partitions or rules', async (_what, sql) => {
    const change = migration('2_change', sql)
    await deployed(INIT)
    await target.sql(ROWS)
    const state = async () => ({
      rows: [await rows('price'), await rows('part'), await rows('audit')],
      positions: await target.sql(
        'SELECT last_value, is_called FROM price_id_seq UNION ALL SELECT last_value, is_called FROM part_id_seq',
      ),
      rules: await target.sql(
        'SELECT rulename, ev_enabled FROM pg_rewrite WHERE rulename = $$noting$$',
      ),
      triggers: await target.sql('SELECT tgenabled FROM pg_trigger WHERE tgname = $$shouting$$'),
      hash: (await target.fingerprint()).hash,
    })
    const before = await state()
    await deployed(INIT, change)
    const back = await rolledBack(1, INIT, change)
    expect(back.failure).toBeUndefined()
    expect(back.schemaMatches).toBe(true)
    expect(await state()).toEqual(before)
  })

  test.each([
    ['Rows', 'DELETE FROM price;'],
    ['Values', 'UPDATE price SET amount = 0;'],
  ])(
    '%s that a changed type would round are not restored, and nothing is changed',
    async (_what, sql) => {
      const change = migration('2_change', sql)
      await deployed(INIT)
      await target.sql(ROWS)
      await deployed(INIT, change)
      await target.sql('ALTER TABLE price ALTER amount TYPE numeric(10,1)')
      const before = await rows('price')
      const back = await rolledBack(1, INIT, change)
      expect(back.failure).toMatchObject({ code: 'ROLLBACK.UNLIKE_KEPT' })
      expect(back.schemaMatches).toBeUndefined()
      expect(await rows('price')).toEqual(before)
      expect(back.kept).toMatchObject([{ state: 'kept' }])
    },
  )
})

describe('values of columns are restored to their rows', () => {
  const INIT = migration(
    '1_init',
    `CREATE TABLE keyed (id integer PRIMARY KEY, v text DEFAULT 'd', w integer);
CREATE TABLE plain (v text DEFAULT 'd', w integer, x text);
CREATE TABLE parted (v text DEFAULT 'd', w integer, x text) PARTITION BY LIST (w);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1, 2, 3); CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
CREATE TABLE parent (v text DEFAULT 'd', w integer, x text); CREATE TABLE heir (own text) INHERITS (parent);`,
  )
  const TABLES = ['keyed', 'plain', 'parted', 'parent'] as const
  const ROWS = TABLES.map(
    (table) =>
      `INSERT INTO ${table} (${table === 'keyed' ? 'id' : 'x'}, v, w) SELECT n, CASE WHEN n <> 4 THEN 'v' || n END, n FROM generate_series(1, 6) AS n;`,
  ).join('\n')

  /** Inserts, changes, moves and deletes rows in each table; rows without a key are identified by x. */
  const SINCE = TABLES.map((table) => {
    const key = table === 'keyed' ? 'id' : 'x'
    return `INSERT INTO ${table} (${key}, w) VALUES (7, 7); UPDATE ${table} SET w = 9 WHERE ${key}::text = '2'; DELETE FROM ${table} WHERE ${key}::text = '3';`
  }).join('\n')

  test.each([
    ['dropped', (table: string) => `ALTER TABLE ${table} DROP COLUMN v;`],
    [
      'dropped from rows that the migration changes later',
      (table: string) => `ALTER TABLE ${table} DROP COLUMN v; UPDATE ${table} SET w = w + 20;`,
    ],
    [
      'computed by a type change',
      (table: string) =>
        `ALTER TABLE ${table} ALTER COLUMN v DROP DEFAULT, ALTER COLUMN v TYPE integer USING length(v);`,
    ],
  ])('%s', async (_what, sql) => {
    const change = migration('2_change', TABLES.map(sql).join('\n'))
    await deployed(INIT)
    await target.sql(ROWS)
    await deployed(INIT, change)
    await target.sql(SINCE)
    const back = await rolledBack(1, INIT, change)
    expect(back.failure).toBeUndefined()
    for (const table of TABLES) {
      const key = table === 'keyed' ? 'id' : 'x'
      const found = await target.sql(`SELECT ${key}::text AS key, v FROM ${table} ORDER BY 1`)
      const own = new Map(found.map(({ key: of, v }) => [of, v]))
      // An unchanged row gets its value; a changed one gets its own or none, never that of another row.
      expect([...own.keys()], table).toEqual(['1', '2', '4', '5', '6', '7'])
      expect([own.get('1'), own.get('4'), own.get('5')], table).toEqual(['v1', null, 'v5'])
      expect(['v2', 'd', null], table).toContain(own.get('2'))
      expect(['d', '1', null], table).toContain(own.get('7'))
    }
    const lost = await target.sql("SELECT x FROM plain WHERE x = '2' AND v IS DISTINCT FROM 'v2'")
    expect(messages(back).some((text) => text.includes('column plain.v'))).toBe(lost.length > 0)
  })

  test('rows with equal content are interchangeable', async () => {
    const change = migration('2_change', 'ALTER TABLE plain DROP COLUMN v;')
    await deployed(INIT)
    await target.sql("INSERT INTO plain SELECT 'v' || n, 1, 'same' FROM generate_series(1, 3) AS n")
    const before = await rows('plain')
    await deployed(INIT, change)
    await target.sql("INSERT INTO plain VALUES (1, 'same'), (2, 'new')")
    const back = await rolledBack(1, INIT, change)
    expect(messages(back)).toEqual([])
    const now = await rows('plain')
    expect(now).toEqual(expect.arrayContaining(before))
    expect(now).toHaveLength(5)
  })

  test('a row that took the content of another is reported, and the kept copy remains', async () => {
    const change = migration('2_change', 'ALTER TABLE plain DROP COLUMN v;')
    await deployed(INIT)
    await target.sql("INSERT INTO plain VALUES ('one', 1, 'a'), ('two', 2, 'a'), ('three', 3, 'a')")
    await deployed(INIT, change)
    // The first row becomes equal to what the second was.
    await target.sql('UPDATE plain SET w = 9 WHERE w = 2; UPDATE plain SET w = 2 WHERE w = 1')
    const back = await rolledBack(1, INIT, change)
    expect(messages(back)).toEqual([
      expect.stringContaining('1 of 3 kept rows (column plain.v) are not restored'),
      expect.stringContaining(
        '1 of 3 kept values (column plain.v) were restored into rows that were written since',
      ),
    ])
    const [id] = back.kept.map((one) => one.id)
    expect(await target.sql(`SELECT v, w FROM slipway.kept_${id} ORDER BY w`)).toEqual([
      { v: 'one', w: 1 },
      { v: 'two', w: 2 },
      { v: 'three', w: 3 },
    ])
  })

  test('rows that a later migration changed and its rollback restored count as the original rows', async () => {
    const change = migration('2_change', 'ALTER TABLE plain DROP COLUMN v;')
    const later = migration('3_later', 'UPDATE plain SET w = w + 1; DELETE FROM plain WHERE w > 5;')
    await deployed(INIT)
    await target.sql(ROWS)
    const before = await rows('plain')
    await deployed(INIT, change)
    await deployed(INIT, change, later)
    const back = await rolledBack(2, INIT, change, later)
    expect(messages(back)).toEqual([])
    expect(await rows('plain')).toEqual(before)
  })
})

test('a sequence that a trigger moved is reported, and gives no number twice', async () => {
  const init = migration(
    '1_init',
    `CREATE SEQUENCE counter; CREATE TABLE numbered (id serial PRIMARY KEY, name text, n bigint);
CREATE FUNCTION number() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := nextval('counter'); RETURN NEW; END $$;
CREATE TRIGGER numbering BEFORE INSERT OR UPDATE ON numbered FOR EACH ROW EXECUTE FUNCTION number();`,
  )
  const change = migration('2_change', 'UPDATE numbered SET name = upper(name);')
  await deployed(init)
  await target.sql("INSERT INTO numbered (name) VALUES ('a'), ('b')")
  const before = await rows('numbered')
  await deployed(init, change)
  expect(await rows('numbered')).toMatchObject([{ n: 3 }, { n: 4 }])
  const back = await rolledBack(1, init, change)
  expect(await rows('numbered')).toEqual(before)
  expect(back.unrestored).toMatchObject([
    { object: 'SEQUENCE public.counter', attribute: 'position' },
  ])
  expect(await target.sql("SELECT nextval('counter')")).toEqual([{ nextval: '5' }])
  await deployed(init, change)
})
