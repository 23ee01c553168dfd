import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { differences, stateOf } from '../../test/round-trip.ts'
import { shortForm } from '../../test/short-form.ts'
import { createTarget, migration, type TestTarget, workOn } from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { choiceText } from '../schema/index.ts'
import { destructionText } from '../statements/index.ts'
import { adoptDrift, inspectDrift } from './index.ts'

/** The SQL of a history, its rows, and changes that are then made by hand. */
interface Case {
  readonly history: string
  readonly rows: string
  readonly byHand: string
}

let target: TestTarget
let other: TestTarget

beforeEach(async () => {
  target = await createTarget()
  other = await createTarget()
})
afterEach(async () => {
  await target.drop()
  await other.drop()
})

const migrationsOf = ({ history }: Case) => [migration('1_init', history)]

async function fill(one: TestTarget, { history, rows }: Case): Promise<void> {
  const request = { ...one.request(migrationsOf({ history, rows, byHand: '' })) }
  const outcome = await deploy({ ...request, consent: { confirm: undefined }, acceptDrift: false })
  expect(outcome.failure).toBeUndefined()
  await one.sql(rows)
}

async function changedByHand(one: Case) {
  await fill(target, one)
  await fill(other, one)
  const before = await stateOf(target)
  await target.sql(one.byHand)
  const report = await inspectDrift(target.request(migrationsOf(one)))
  return { before, byHand: await stateOf(target), report }
}

async function adopt(one: Case) {
  return await adoptDrift({
    ...target.request(migrationsOf(one)),
    name: '2_by_hand',
    write: (name) => Promise.resolve(name),
  })
}

const TWO_SERIALS = {
  history:
    'CREATE TABLE a (id serial PRIMARY KEY, x text); CREATE TABLE b (id serial PRIMARY KEY, x text);',
  rows: "INSERT INTO a (x) VALUES ('of a'); INSERT INTO b (x) VALUES ('of b'), ('of b, too');",
}

const SEVERAL_LEVELS = `CREATE TABLE log (id int NOT NULL, at date NOT NULL, n text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE log_p PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');`

describe('both scripts rename what was renamed, and lose no row or value', () => {
  test.each(
    shortForm<[string, Case]>([
      [
        'rotated tables',
        { ...TWO_SERIALS, byHand: 'ALTER TABLE b RENAME TO c; ALTER TABLE a RENAME TO b' },
      ],
      [
        'swapped tables with other columns',
        {
          history:
            'CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY, y text);',
          rows: "INSERT INTO a VALUES (1, 'of a'); INSERT INTO b VALUES (2, 'of b');",
          byHand: 'ALTER TABLE a RENAME TO t; ALTER TABLE b RENAME TO a; ALTER TABLE t RENAME TO b',
        },
      ],
      [
        'a table and its column, with a foreign key from a join table',
        {
          history: `CREATE TABLE post (id int PRIMARY KEY, title text); CREATE TABLE tag (id int PRIMARY KEY, title text);
          CREATE TABLE "_PostToTag" ("A" int REFERENCES post, "B" int REFERENCES tag);
          CREATE UNIQUE INDEX "_PostToTag_AB_unique" ON "_PostToTag" ("A", "B");`,
          rows: `INSERT INTO post VALUES (1, 'p'); INSERT INTO tag VALUES (2, 't'); INSERT INTO "_PostToTag" VALUES (1, 2);`,
          byHand:
            'ALTER TABLE post RENAME title TO "Head Line"; ALTER TABLE post RENAME TO article',
        },
      ],
      [
        'a column after a dropped one, if a later column shows that the numbers match the history',
        {
          history:
            'CREATE TABLE a (id int PRIMARY KEY, gone text, b text, d text); ALTER TABLE a DROP gone;',
          rows: "INSERT INTO a VALUES (1, 'b', 'd');",
          byHand: 'ALTER TABLE a RENAME b TO c',
        },
      ],
      [
        'two columns that exchange their names, one with an index',
        {
          history:
            'CREATE TABLE a (id int PRIMARY KEY, x text, y text); CREATE INDEX a_x_idx ON a (x);',
          rows: "INSERT INTO a VALUES (1, 'of x', 'of y');",
          byHand:
            'ALTER TABLE a RENAME x TO t; ALTER TABLE a RENAME y TO x; ALTER TABLE a RENAME t TO y',
        },
      ],
      [
        'columns in a common key that exchange their names, in a renamed table',
        {
          history: 'CREATE TABLE a (x int, y int, z int, CONSTRAINT both_of_a UNIQUE (x, y));',
          rows: 'INSERT INTO a VALUES (1, 2, 3), (4, 5, 6);',
          byHand: `ALTER TABLE a RENAME x TO t; ALTER TABLE a RENAME y TO x; ALTER TABLE a RENAME z TO y; ALTER TABLE a RENAME t TO z;
          ALTER TABLE a RENAME TO b`,
        },
      ],
      [
        'columns that exchange their names, in a table with other column numbers',
        {
          history: `CREATE TABLE a (id int PRIMARY KEY, gone int, x text, y text); ALTER TABLE a DROP gone; COMMENT ON COLUMN a.y IS 'why';`,
          rows: "INSERT INTO a VALUES (1, 'of x', 'of y');",
          byHand: `DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, x text, y text); COMMENT ON COLUMN a.y IS 'why';
          INSERT INTO a VALUES (1, 'of x', 'of y');
          ALTER TABLE a RENAME x TO t; ALTER TABLE a RENAME y TO x; ALTER TABLE a RENAME t TO y`,
        },
      ],
      [
        'a column of a materialized view and of its table',
        {
          history:
            'CREATE TABLE a (id int PRIMARY KEY, x text); CREATE MATERIALIZED VIEW mv AS SELECT id, x FROM a;',
          rows: "INSERT INTO a VALUES (1, 'old'); REFRESH MATERIALIZED VIEW mv; UPDATE a SET x = 'new'",
          byHand: 'ALTER MATERIALIZED VIEW mv RENAME x TO y; ALTER TABLE a RENAME x TO z',
        },
      ],
      [
        'a column of a partition that was detached',
        {
          history: SEVERAL_LEVELS,
          rows: "INSERT INTO log VALUES (1, '2026-03-01', 'x');",
          byHand: 'ALTER TABLE log DETACH PARTITION log_p; ALTER TABLE log_p RENAME n TO note',
        },
      ],
    ]),
  )('%s', async (_, one) => {
    const { before, byHand, report } = await changedByHand(one)
    expect(report.toHistory + report.toTarget).not.toMatch(/\bDROP\b|lossy/)
    expect(report.guesses).toEqual([])
    await other.sql(report.toTarget)
    expect(differences(byHand, await stateOf(other))).toEqual([])
    await target.sql(report.toHistory)
    expect(differences(before, await stateOf(target))).toEqual([])
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: false })
    await target.sql(report.toTarget)
    const { migration: adopted } = await adopt(one)
    expect(adopted.sql).toBe(report.toTarget)
  })

  test('a column of a child table, which keeps re-inherited columns as its own', async () => {
    const one = {
      history:
        'CREATE TABLE base (id int, x text, CONSTRAINT positive CHECK (id > 0)); CREATE TABLE kid (y text) INHERITS (base);',
      rows: "INSERT INTO kid VALUES (1, 'of x', 'of y')",
      byHand: 'ALTER TABLE kid NO INHERIT base; ALTER TABLE kid RENAME x TO xx',
    }
    const { before, byHand, report } = await changedByHand(one)
    expect(report.toHistory + report.toTarget).not.toMatch(/\bDROP\b|lossy/)
    expect(report.choices.map(choiceText)).toEqual([
      'column kid.xx is treated as x, because it has the same column number and type',
      'table kid inherits again, and keeps what it inherits as its own: if the parent drops a column, this table keeps it',
    ])
    await other.sql(report.toTarget)
    expect(differences(byHand, await stateOf(other))).toEqual([])
    await target.sql(report.toHistory)
    expect((await stateOf(target)).rows).toEqual(before.rows)
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: false })
    // The own column of the child is compared again once it differs from the parent's.
    await target.sql("ALTER TABLE kid ALTER x SET DEFAULT 'new'")
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: true })
  })
})

describe('only dropped data is named as lost', () => {
  test.each(
    shortForm<[string, Case, { toHistory: string[]; toTarget: string[] }]>([
      [
        'a column that a child table had inherited',
        {
          history: 'CREATE TABLE base (id int, x text); CREATE TABLE kid (y text) INHERITS (base);',
          rows: "INSERT INTO kid VALUES (1, 'of x', 'of y')",
          byHand: 'ALTER TABLE kid NO INHERIT base; ALTER TABLE kid DROP x',
        },
        { toHistory: [], toTarget: ['column kid.x'] },
      ],
      [
        'a column of a detached partition',
        {
          history: SEVERAL_LEVELS,
          rows: "INSERT INTO log VALUES (1, '2026-03-01', 'x');",
          byHand: 'ALTER TABLE log DETACH PARTITION log_p; ALTER TABLE log_p DROP n',
        },
        { toHistory: [], toTarget: ['column log_p.n'] },
      ],
      [
        'a column of a parent, not repeated for each child',
        {
          history: 'CREATE TABLE base (id int, x text); CREATE TABLE kid (y text) INHERITS (base);',
          rows: "INSERT INTO kid VALUES (1, 'of x', 'of y')",
          byHand: 'ALTER TABLE base DROP x',
        },
        { toHistory: [], toTarget: ['column base.x'] },
      ],
      [
        'a column of a parent, and of a former child',
        {
          history: 'CREATE TABLE base (id int, x text); CREATE TABLE kid (y text) INHERITS (base);',
          rows: "INSERT INTO kid VALUES (1, 'of x', 'of y')",
          byHand:
            'ALTER TABLE kid NO INHERIT base; ALTER TABLE kid DROP x; ALTER TABLE base DROP x',
        },
        { toHistory: [], toTarget: ['column base.x', 'column kid.x'] },
      ],
      [
        'the position of an identity column, and of the serial that replaces it',
        {
          history: 'CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY)',
          rows: 'INSERT INTO a DEFAULT VALUES',
          byHand: `ALTER TABLE a ALTER id DROP IDENTITY; CREATE SEQUENCE a_id_seq OWNED BY a.id; ALTER TABLE a ALTER id SET DEFAULT nextval('a_id_seq')`,
        },
        { toHistory: ['sequence a_id_seq'], toTarget: ['sequence a_id_seq'] },
      ],
      [
        'a detached first parent, which the child gets again as its second',
        {
          history:
            'CREATE TABLE one (id int); CREATE TABLE two (z text); CREATE TABLE kid (y text) INHERITS (one, two);',
          rows: "INSERT INTO kid VALUES (1, 'z', 'y')",
          byHand: 'ALTER TABLE kid NO INHERIT one',
        },
        { toHistory: [], toTarget: [] },
      ],
      [
        'types that cannot hold all values',
        {
          history:
            'CREATE TABLE a (id int PRIMARY KEY, n numeric(10,2), d date, v varchar(5), i int, f real, ar int[], j json);',
          rows: `INSERT INTO a VALUES (1, 1.25, '2026-01-01', 'abc', 5, 1.5, '{1}', '{"a":1, "a":2}')`,
          byHand: `ALTER TABLE a ALTER n TYPE numeric(10,4), ALTER d TYPE timestamptz, ALTER v TYPE text, ALTER i TYPE numeric,
          ALTER f TYPE double precision, ALTER ar TYPE numeric[], ALTER j TYPE jsonb;
          INSERT INTO a VALUES (2, 1.2345, '2026-01-01 12:34', 'abcdefghij', 5.7, 1.123456789, '{1.7}', '{}')`,
        },
        {
          toHistory: ['n', 'd', 'v', 'i', 'f', 'ar', 'j'].map((name) => `column a.${name}`),
          toTarget: ['n', 'd', 'j'].map((name) => `column a.${name}`),
        },
      ],
    ]),
  )('%s', async (_, one, lost) => {
    const { report } = await changedByHand(one)
    const texts = (losses: typeof report.loses.toHistory) => losses.map(destructionText).toSorted()
    expect(texts(report.loses.toHistory)).toEqual(lost.toHistory.toSorted())
    expect(texts(report.loses.toTarget)).toEqual(lost.toTarget.toSorted())
    expect(report.choices.map(choiceText).join()).not.toContain('restored as NOT NULL')
    await other.sql(report.toTarget)
    await target.sql(report.toHistory)
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: false })
  })
})

test('a partition is kept if its table gets another partition key', async () => {
  const one = {
    history: `CREATE TABLE log (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE log_p PARTITION OF log DEFAULT; CREATE INDEX log_at ON log (at)`,
    rows: "INSERT INTO log VALUES (1, '2026-03-01')",
    byHand: `ALTER TABLE log DETACH PARTITION log_p; DROP TABLE log;
      CREATE TABLE log (id int NOT NULL, at date NOT NULL) PARTITION BY LIST (id);
      CREATE INDEX log_at ON log (at); ALTER TABLE log ATTACH PARTITION log_p DEFAULT`,
  }
  const { before, byHand, report } = await changedByHand(one)
  await other.sql(report.toTarget)
  expect(differences(byHand, await stateOf(other))).toEqual([])
  await target.sql(report.toHistory)
  expect(differences(before, await stateOf(target))).toEqual([])
})

describe('the script names possible renames, and they are not adopted', () => {
  test.each<[string, Case, string]>([
    [
      'a column after a dropped one, in a table that may have been restored from a dump',
      {
        history: 'CREATE TABLE a (id int PRIMARY KEY, gone text, b text); ALTER TABLE a DROP gone;',
        rows: "INSERT INTO a VALUES (1, 'of b')",
        byHand: `DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, b text); INSERT INTO a VALUES (1, 'of b');
          ALTER TABLE a ADD c text; UPDATE a SET c = 'of c'; ALTER TABLE a DROP b`,
      },
      'column a.c is not treated as b: it has the same column number, but a table that was restored from a dump has different numbers',
    ],
    [
      'a column without its index',
      {
        history: 'CREATE TABLE a (id int PRIMARY KEY, b text UNIQUE);',
        rows: "INSERT INTO a VALUES (1, 'of b')",
        byHand: 'ALTER TABLE a RENAME b TO c; ALTER TABLE a DROP CONSTRAINT a_b_key',
      },
      'column a.c is treated as b, because it has the same column number and type, but none of its indexes and constraints',
    ],
    [
      'a column of a table that may have been replaced',
      {
        history: 'CREATE TABLE a (id int PRIMARY KEY, b text);',
        rows: "INSERT INTO a VALUES (1, 'of b')",
        byHand: `CREATE TABLE n (LIKE a INCLUDING ALL); INSERT INTO n SELECT * FROM a; DROP TABLE a;
          ALTER TABLE n RENAME TO a; ALTER TABLE a RENAME b TO c`,
      },
      'column a.c is treated as b, because it has the same column number and type, but its table has different indexes, constraints and sequences',
    ],
    [
      'a join table whose indexes have other names',
      {
        history: `CREATE TABLE "_PostToTag" ("A" int NOT NULL, "B" int NOT NULL);
          CREATE UNIQUE INDEX "_PostToTag_AB_unique" ON "_PostToTag" ("A", "B");`,
        rows: 'INSERT INTO "_PostToTag" VALUES (1, 2)',
        byHand: `DROP TABLE "_PostToTag"; CREATE TABLE "_UserToRole" ("A" int NOT NULL, "B" int NOT NULL);
          CREATE UNIQUE INDEX "_UserToRole_AB_unique" ON "_UserToRole" ("A", "B"); INSERT INTO "_UserToRole" VALUES (7, 8)`,
      },
      'table _UserToRole is not treated as public._PostToTag: it has the same columns, but its indexes, constraints and sequences have different names',
    ],
    [
      'a table with only columns',
      {
        history: 'CREATE TABLE line (id int, name text)',
        rows: "INSERT INTO line VALUES (1, 'a')",
        byHand: 'ALTER TABLE line RENAME TO row',
      },
      'table row is treated as public.line, because it has the same columns and foreign keys',
    ],
  ])('%s', async (_, one, guess) => {
    const { before, byHand, report } = await changedByHand(one)
    expect(report.guesses.map(choiceText)).toEqual([guess])
    for (const script of [report.toHistory, report.toTarget])
      expect(script).toContain(`-- slipway: choice ${guess}\n`)
    await expect(adopt(one)).rejects.toMatchObject({
      failure: { code: 'DRIFT.NOT_ADOPTABLE', why: `${guess[0]?.toLowerCase()}${guess.slice(1)}.` },
    })
    expect(differences(byHand, await stateOf(target))).toEqual([])
    await target.sql(report.toHistory)
    await other.sql(report.toTarget)
    // Rows that no longer exist must have been named.
    const gone = differences(before, await stateOf(target)).filter((line) =>
      line.startsWith('- row'),
    )
    expect(gone.length > 0).toBe(report.loses.toHistory.length + report.loses.toTarget.length > 0)
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: false })
  })
})

describe('columns of the same type in another order', () => {
  const history = 'CREATE TABLE a (id int PRIMARY KEY, x text, y text);'
  const rows = "INSERT INTO a VALUES (1, 'of x', 'of y');"
  const exchange =
    'ALTER TABLE a RENAME x TO t; ALTER TABLE a RENAME y TO x; ALTER TABLE a RENAME t TO y'
  const again = `DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, y text, x text); INSERT INTO a (id, x, y) VALUES (1, 'of x', 'of y')`
  const unknown = (name: string, wanted: string) =>
    `column a.${name} is not treated as ${wanted}, which the history has in its place: nothing shows whether the columns were renamed or reordered`

  test('that may have been renamed are named, without drift', async () => {
    const { report } = await changedByHand({ history, rows, byHand: exchange })
    expect(report).toMatchObject({ drifted: false, toHistory: '', toTarget: '', guesses: [] })
    expect(report.columnOrder).toEqual([
      { table: 'public.a', history: ['id', 'x', 'y'], target: ['id', 'y', 'x'] },
    ])
    expect(report.choices.map(choiceText)).toEqual([unknown('y', 'x'), unknown('x', 'y')])
  })

  test('that may have been renamed are not adopted with a drift', async () => {
    const one = { history, rows, byHand: `${exchange}; ALTER TABLE a ADD z text` }
    const { report } = await changedByHand(one)
    expect(report.guesses.map(choiceText)).toEqual([unknown('y', 'x'), unknown('x', 'y')])
    expect(report.toTarget).toContain(`-- slipway: choice ${unknown('y', 'x')}\n`)
    await expect(adopt(one)).rejects.toMatchObject({ failure: { code: 'DRIFT.NOT_ADOPTABLE' } })
  })

  test('that were created in this order were not renamed', async () => {
    const { report } = await changedByHand({ history, rows, byHand: again })
    expect(report).toMatchObject({ drifted: false, choices: [] })
    expect(report.columnOrder).toHaveLength(1)
  })

  test('that an index followed were not renamed', async () => {
    const index = 'CREATE INDEX a_x_idx ON a (x);'
    const one = {
      history: history + index,
      rows,
      byHand: `${again}; ${index} ALTER TABLE a ALTER x SET NOT NULL, ALTER y SET NOT NULL;`,
    }
    const { report } = await changedByHand(one)
    expect(report.guesses).toEqual([])
    expect(report.toHistory).not.toMatch(/RENAME/)
    await other.sql(report.toTarget)
    expect((await stateOf(other)).rows).toEqual((await stateOf(target)).rows)
  })
})

describe('the next number is higher than those of the rows', () => {
  const serial = 'CREATE TABLE a (id serial PRIMARY KEY, x text)'
  const identity = 'CREATE TABLE a (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x text)'
  test.each([
    [
      'a serial instead of an identity',
      identity,
      "ALTER TABLE a ALTER id DROP IDENTITY; CREATE SEQUENCE a_id_seq OWNED BY a.id; ALTER TABLE a ALTER id SET DEFAULT nextval('a_id_seq'); SELECT setval('a_id_seq', 3)",
    ],
    [
      'an identity instead of a serial',
      serial,
      'ALTER TABLE a ALTER id DROP DEFAULT; DROP SEQUENCE a_id_seq; ALTER TABLE a ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 100)',
    ],
    [
      'an identity whose sequence has another name',
      serial,
      'ALTER TABLE a ALTER id DROP DEFAULT; ALTER TABLE a ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100); DROP SEQUENCE a_id_seq',
    ],
    ['no identity', identity, 'ALTER TABLE a ALTER id DROP IDENTITY'],
  ])('%s', async (_, history, byHand) => {
    const one = { history, rows: "INSERT INTO a (x) VALUES ('1'), ('2'), ('3')", byHand }
    const { report } = await changedByHand(one)
    await target.sql(report.toHistory)
    await target.sql("INSERT INTO a (x) VALUES ('next')")
    expect(await target.sql('SELECT count(*)::int AS n FROM a')).toEqual([{ n: 4 }])
    await other.sql(report.toTarget)
    if (!byHand.endsWith('DROP IDENTITY')) await other.sql("INSERT INTO a (x) VALUES ('next')")
    expect(await inspectDrift(target.request(migrationsOf(one)))).toMatchObject({ drifted: false })
  })
})

test('a table returns to its schema, whatever the search_path', async () => {
  const one = {
    history: 'CREATE SCHEMA archive; CREATE TABLE line (id int PRIMARY KEY, name text)',
    rows: "INSERT INTO line VALUES (1, 'a')",
    byHand: 'ALTER TABLE line SET SCHEMA archive',
  }
  const { before, byHand, report } = await changedByHand(one)
  expect(report.toHistory).toContain('ALTER TABLE "archive"."line" SET SCHEMA "public"')
  expect(report.toTarget).toContain('ALTER TABLE "line" SET SCHEMA "archive"')
  await other.sql(report.toTarget)
  expect(differences(byHand, await stateOf(other))).toEqual([])
  await target.sql(`SET search_path = archive; ${report.toHistory}`)
  expect(differences(before, await stateOf(target))).toEqual([])
})

describe('a move to the default schema contains its name', () => {
  const one = {
    history: 'CREATE SCHEMA archive; CREATE TABLE archive.line (id int PRIMARY KEY, name text)',
    rows: "INSERT INTO archive.line VALUES (1, 'a')",
    byHand: '',
  }
  test.each(['shop', 'Shop of "mine"'])('?schema=%s', async (schema) => {
    const sql = `"${schema.replaceAll('"', '""')}"`
    const requestOf = async (of: TestTarget, migrations: ReturnType<typeof migrationsOf>) => {
      await of.sql(`CREATE SCHEMA IF NOT EXISTS ${sql}`)
      const url = new URL(of.url)
      url.searchParams.set('schema', schema)
      return workOn({ kind: 'postgres', url: new ConnectionString(url.href) }, migrations)
    }
    const consent = { consent: { confirm: undefined }, acceptDrift: false }
    for (const each of [target, other]) {
      const request = await requestOf(each, migrationsOf(one))
      expect((await deploy({ ...request, ...consent })).failure).toBeUndefined()
      await each.sql(one.rows)
    }
    const before = await stateOf(target)
    await target.sql(`ALTER TABLE archive.line SET SCHEMA ${sql}`)
    const byHand = await stateOf(target)
    const request = await requestOf(target, migrationsOf(one))
    const report = await inspectDrift(request)
    expect(report.toTarget).toContain(`\nALTER TABLE "archive"."line" SET SCHEMA ${sql};\n`)
    expect(report.toHistory).toContain(`\nALTER TABLE ${sql}."line" SET SCHEMA "archive";\n`)
    // Whatever the search_path.
    await other.sql(`SET search_path = public; ${report.toTarget}`)
    expect(differences(byHand, await stateOf(other))).toEqual([])
    await target.sql(`SET search_path = public; ${report.toHistory}`)
    expect(differences(before, await stateOf(target))).toEqual([])
    await target.sql(`ALTER TABLE archive.line SET SCHEMA ${sql}`)
    const adopted = await adoptDrift({
      ...request,
      name: '2_by_hand',
      write: (name) => Promise.resolve(name),
    })
    expect(adopted.migration.sql).toBe(report.toTarget)
    // Deploying the adopted migration does the same.
    await other.sql(`ALTER TABLE ${sql}.line SET SCHEMA archive`)
    const all = [...migrationsOf(one), migration('2_by_hand', adopted.migration.sql)]
    const outcome = await deploy({ ...(await requestOf(other, all)), ...consent })
    expect(outcome.failure).toBeUndefined()
    expect((await stateOf(other)).rows).toEqual(byHand.rows)
  })
})
