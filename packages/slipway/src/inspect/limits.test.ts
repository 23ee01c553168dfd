import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkNamed, inspect, named, urlAs } from '../../test/inspection.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

describe('sequences', () => {
  const near = async (sql: string, schemas?: readonly string[]) => {
    await target.sql(sql)
    const found = named(await inspect(target.url, { schemas }), 'sequence-near-end')
    return Object.entries(found).map(([name, { severity }]) => [name, severity])
  }

  test.each<[string, string, string | undefined]>([
    ['below three quarters', `setval('t_id_seq', 1610612734)`, undefined],
    ['from three quarters on', `setval('t_id_seq', 1610612736)`, 'warning'],
    ['below nine tenths', `setval('t_id_seq', 1932735280)`, 'warning'],
    ['from nine tenths on', `setval('t_id_seq', 1932735284)`, 'error'],
    ['never used', '1', undefined],
  ])('%s', async (_what, value, severity) => {
    const sql = `CREATE TABLE t (id serial PRIMARY KEY); SELECT ${value}`
    expect(await near(sql)).toEqual(severity === undefined ? [] : [['t_id_seq', severity]])
  })

  test.each<[string, string, string]>([
    [
      'the column type ends before the sequence',
      'CREATE TABLE t (id int); CREATE SEQUENCE s OWNED BY t.id',
      "setval('s', 2000000000)",
    ],
    [
      'a column default uses it',
      "CREATE SEQUENCE s; CREATE TABLE t (id int DEFAULT nextval('s'))",
      "setval('s', 2000000000)",
    ],
    [
      'a column of a domain',
      "CREATE DOMAIN small AS smallint; CREATE SEQUENCE s; CREATE TABLE t (id small DEFAULT nextval('s'))",
      "setval('s', 32000)",
    ],
    [
      'an identity column',
      'CREATE TABLE t (id smallint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s))',
      "setval('s', 32000)",
    ],
    ['a sequence with its own limit', 'CREATE SEQUENCE s MAXVALUE 100', "setval('s', 95)"],
    [
      'a descending sequence',
      'CREATE SEQUENCE s INCREMENT -1 MINVALUE -100 MAXVALUE -1',
      "setval('s', -96)",
    ],
    [
      'a sequence with a high start value',
      'CREATE SEQUENCE s MINVALUE 1000 START 1000 MAXVALUE 1100',
      "setval('s', 1095)",
    ],
  ])('near its end: %s', async (_what, sql, value) => {
    expect(await near(`${sql}; SELECT ${value}`)).toEqual([['s', 'error']])
  })

  test.each<[string, string]>([
    ['a bigint', "CREATE TABLE t (id bigserial); SELECT setval('t_id_seq', 2000000000)"],
    ['a sequence with CYCLE', "CREATE SEQUENCE s MAXVALUE 100 CYCLE; SELECT setval('s', 99)"],
    [
      'one of another application',
      "CREATE SCHEMA o; CREATE SEQUENCE o.s MAXVALUE 100; SELECT setval('o.s', 99)",
    ],
  ])('not near its end: %s', async (_what, sql) => {
    expect(await near(sql)).toEqual([])
  })

  test('names are quoted, and the column is named', async () => {
    await target.sql(
      `CREATE SCHEMA "S"; CREATE TABLE "S"."T t" ("Id" serial); SELECT setval('"S"."T t_Id_seq"', 2100000000)`,
    )
    const found = await inspect(target.url, { schemas: ['S'] })
    expect(named(found, 'sequence-near-end')['T t_Id_seq']).toMatchObject({
      object: { kind: 'sequence', schema: 'S', name: 'T t_Id_seq' },
      evidence: {
        last: 2_100_000_000,
        limit: 2_147_483_647,
        column: 'T t.Id',
        columnType: 'integer',
      },
    })
    expect(found.figures).toContainEqual(
      expect.objectContaining({
        name: 'sequence_used_ratio',
        labels: { sequence: 'S.T t_Id_seq' },
      }),
    )
  })

  test('the report names the privilege that a role lacks to read one; pg_monitor is not enough', async () => {
    const role = `${target.name}_none`
    await target.sql(`CREATE TABLE t (id serial); CREATE TABLE u (id serial); SELECT setval('u_id_seq', 2100000000);
      CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT pg_monitor TO ${role}; GRANT USAGE ON SEQUENCE u_id_seq TO ${role}`)
    const found = await inspect(urlAs(target.url, role))
    expect(checkNamed(found, 'sequences')).toMatchObject({
      status: 'partly-read',
      reason: 'not readable: needs SELECT on t_id_seq',
      findings: 1,
    })
    await target.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
})

test('wraparound: the age of the oldest database, just below and at the thresholds', async () => {
  await target.sql('CREATE TABLE t (a int)')
  await target.sql(
    'DO $$ BEGIN FOR n IN 1..200 LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END $$',
  )
  const [row] = await target.sql('SELECT max(age(datfrozenxid))::float8 AS age FROM pg_database')
  const age = Number(row?.['age'])
  const severities = async (wraparoundWarning: number, wraparoundError: number) => {
    const { findings } = await inspect(target.url, {
      thresholds: { wraparoundWarning, wraparoundError },
    })
    return new Set(
      findings.flatMap(({ id, severity }) => (id === 'wraparound-near' ? [severity] : [])),
    )
  }
  // Other tests on the same server also consume transaction IDs.
  expect(age).toBeGreaterThan(200)
  expect(await severities(age * 1000 + 1e6, 2e9)).toEqual(new Set())
  expect(await severities(age, 2e9)).toEqual(new Set(['warning']))
  expect(await severities(age, age)).toContain('error')
})
