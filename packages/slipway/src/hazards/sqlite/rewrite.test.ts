import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { BASE, migrationOf, parser } from '../../../test/sqlite-hazard-input.ts'
import { atomicScriptOf } from '../../execution/index.ts'
import { sqliteDefinitionParts } from '../../statements/index.ts'
import { type Facts, judge, type JudgedMigration, rewrite, type RewriteResult } from '../index.ts'

// Runs each form and the original on the same rows: schema and rows must be equal, including child rows.

function rewritten(setup: string, sql: string, facts: Partial<Facts> = {}): RewriteResult {
  const [one] = rewrite({
    history: [migrationOf('1', setup)],
    migrations: [migrationOf('2', sql)],
    facts: { ...BASE, ...facts },
    parser,
  })
  if (one === undefined) throw new TypeError('no rewriting')
  return one
}

/** The database after a file ran as a deploy runs it. */
function deployed(database: DatabaseSync, sql: string): DatabaseSync {
  const { script, foreignKeys } = atomicScriptOf({ statements: parser.parse(sql) })
  database.exec(`PRAGMA foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}; BEGIN; ${script} COMMIT;`)
  return database
}

function databaseWith(sql: string): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA foreign_keys = ON')
  database.exec(sql)
  return database
}

interface Row {
  readonly type: string
  readonly name: string
  readonly sql: string
}

/** The definitions without their layout, and all rows by column name. */
function stateOf(database: DatabaseSync) {
  const objects = database
    .prepare(
      `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY type, name`,
    )
    .all() as unknown as Row[]
  const schema = objects.map(({ type, name, sql }) => [type, name, sqliteDefinitionParts(sql)])
  const rows = objects
    .filter(({ type }) => type === 'table')
    .map(({ name }) => {
      const columns = database
        .prepare(`SELECT name FROM pragma_table_info('${name}') ORDER BY 1`)
        .all()
      const values = columns.map((column) => `quote("${String(column['name'])}")`)
      const all = database
        .prepare(`SELECT ${values.join(` || ',' || `)} AS r FROM "${name}" ORDER BY 1`)
        .all()
      return [name, all.map((row) => row['r'])]
    })
  return { schema, rows }
}

const SHOP = `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE CASCADE);
CREATE TABLE n (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ON DELETE SET NULL);
CREATE TABLE r (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));
CREATE INDEX p_a_idx ON p (a);
INSERT INTO p VALUES (1, 'x', 5), (2, 'y', 6);
INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO n VALUES (1, 1); INSERT INTO r VALUES (1, 2);`

const rebuild = (columns: string, copy: string, rest = 'CREATE INDEX p_a_idx ON p (a);') =>
  `-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_p" (${columns});
${copy};
DROP TABLE "p";
ALTER TABLE "new_p" RENAME TO "p";
${rest}
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
`
const SAME = 'id INTEGER PRIMARY KEY, a TEXT, b INTEGER'
const COPY = 'INSERT INTO "new_p" ("id", "a", "b") SELECT "id", "a", "b" FROM "p"'

describe('a rebuild that ALTER TABLE can do', () => {
  test.each<[string, string, string]>([
    [
      'a column',
      rebuild(`${SAME}, "d" TEXT`, COPY),
      '-- RedefineTables\nALTER TABLE "p" ADD COLUMN "d" TEXT;\n',
    ],
    [
      'a required column',
      rebuild(`id INTEGER PRIMARY KEY, d BOOLEAN NOT NULL DEFAULT false, a TEXT, b INTEGER`, COPY),
      '-- RedefineTables\nALTER TABLE "p" ADD COLUMN d BOOLEAN NOT NULL DEFAULT false;\n',
    ],
    [
      'a foreign key',
      rebuild(`${SAME}, d INTEGER REFERENCES p (id)`, COPY),
      '-- RedefineTables\nALTER TABLE "p" ADD COLUMN d INTEGER REFERENCES p (id);\n',
    ],
    [
      'a dropped column',
      rebuild('id INTEGER PRIMARY KEY, a TEXT', 'INSERT INTO new_p (id, a) SELECT id, a FROM p'),
      '-- RedefineTables\nALTER TABLE "p" DROP COLUMN "b";\n',
    ],
    [
      'a dropped indexed column',
      rebuild(
        'id INTEGER PRIMARY KEY, b INTEGER',
        'INSERT INTO new_p (id, b) SELECT id, b FROM p',
        '',
      ),
      '-- RedefineTables\nDROP INDEX "p_a_idx";\nALTER TABLE "p" DROP COLUMN "a";\n\n',
    ],
    [
      'a column renamed',
      rebuild(
        'id INTEGER PRIMARY KEY, a TEXT, "B 2" INTEGER',
        'INSERT INTO new_p (id, a, "B 2") SELECT id, a, b FROM p',
      ),
      '-- RedefineTables\nALTER TABLE "p" RENAME COLUMN "b" TO "B 2";\n',
    ],
    [
      'all of them',
      rebuild(
        "id INTEGER PRIMARY KEY, c TEXT DEFAULT 'z', d INTEGER",
        'INSERT INTO new_p (id, d) SELECT id, b FROM p',
        '',
      ),
      '-- RedefineTables\nDROP INDEX "p_a_idx";\nALTER TABLE "p" RENAME COLUMN "b" TO "d";\nALTER TABLE "p" DROP COLUMN "a";\nALTER TABLE "p" ADD COLUMN c TEXT DEFAULT \'z\';\n\n',
    ],
    [
      'a new index, with CRLF',
      rebuild(
        `${SAME}, d TEXT`,
        COPY,
        'CREATE INDEX p_a_idx ON p (a);\nCREATE UNIQUE INDEX u ON p (d);',
      ).replaceAll('\n', '\r\n'),
      '-- RedefineTables\r\nALTER TABLE "p" ADD COLUMN d TEXT;\r\nCREATE UNIQUE INDEX u ON p (d);\r\n',
    ],
    [
      'an index changed',
      rebuild(`${SAME}, d TEXT`, COPY, 'CREATE INDEX p_a_idx ON p (a, b);'),
      '-- RedefineTables\nDROP INDEX "p_a_idx";\nALTER TABLE "p" ADD COLUMN d TEXT;\nCREATE INDEX p_a_idx ON p (a, b);\n',
    ],
    [
      'with another statement that needs foreign keys off',
      rebuild(`${SAME}, d TEXT`, COPY) + 'UPDATE c SET p = 2;\n',
      '-- RedefineTables\nPRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\nALTER TABLE "p" ADD COLUMN d TEXT;\nPRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\nUPDATE c SET p = 2;\n',
    ],
  ])('%s', (_, sql, expected) => {
    const { sql: fixed, rewritten: done } = rewritten(SHOP, sql)
    expect(fixed).toBe(expected)
    expect(done.map(({ id }) => id)).toContain('rebuild-avoidable')
    expect(stateOf(deployed(databaseWith(SHOP), fixed))).toEqual(
      stateOf(deployed(databaseWith(SHOP), sql)),
    )
    expect(rewritten(SHOP, fixed).rewritten).toEqual([])
    expect(rewritten(SHOP, fixed).sql).toBe(fixed)
  })

  test('a rebuild that changes nothing is removed', () => {
    const { sql } = rewritten(SHOP, rebuild('b INTEGER, id INTEGER PRIMARY KEY, a TEXT', COPY))
    expect(sql).toBe('-- RedefineTables\n')
  })

  test.each<[string, string]>([
    ['a changed type', rebuild('id INTEGER PRIMARY KEY, a TEXT, b TEXT', COPY)],
    ['a changed default', rebuild(`id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x', b INTEGER`, COPY)],
    ['a new key', rebuild(`${SAME}, UNIQUE (a)`, COPY)],
    [
      'a computed value',
      rebuild(SAME, COPY.replace('SELECT "id", "a"', `SELECT "id", coalesce("a", '')`)),
    ],
    [
      'a filled column',
      rebuild(`${SAME}, d INTEGER`, 'INSERT INTO new_p (id, a, b, d) SELECT id, a, b, b FROM p'),
    ],
    ['a computed default', rebuild(`${SAME}, d DATETIME DEFAULT CURRENT_TIMESTAMP`, COPY)],
    ['a unique column', rebuild(`${SAME}, d TEXT UNIQUE`, COPY)],
    ['a condition', rebuild(`${SAME}, d TEXT`, `${COPY} WHERE b > 5`)],
    [
      'a column that is not copied',
      rebuild(`${SAME}, d TEXT`, 'INSERT INTO new_p (id, a) SELECT id, a FROM p'),
    ],
    ['work on the new table', rebuild(`${SAME}, d TEXT`, `${COPY}; UPDATE new_p SET d = a`)],
    ['STRICT', rebuild(SAME, COPY).replace('b INTEGER)', 'b INTEGER) STRICT')],
  ])('not with %s', (_, sql) => {
    expect(rewritten(SHOP, sql).rewritten.map(({ id }) => id)).not.toContain('rebuild-avoidable')
    expect(rewritten(SHOP, sql).sql).toContain('DROP TABLE')
  })

  test('a column that something else uses is not renamed', () => {
    const setup = `${SHOP} CREATE VIEW v AS SELECT b FROM p;`
    const sql = `PRAGMA legacy_alter_table=ON; ${rebuild('id INTEGER PRIMARY KEY, a TEXT, d INTEGER', 'INSERT INTO new_p (id, a, d) SELECT id, a, b FROM p')}`
    expect(rewritten(setup, sql).sql).toBe(sql)
  })

  test('triggers and objects that schema.prisma cannot express remain', () => {
    const setup = `${SHOP} CREATE TABLE log (id INTEGER); CREATE INDEX part ON p (b) WHERE b > 5;
      CREATE TRIGGER t AFTER DELETE ON p BEGIN INSERT INTO log VALUES (old.id); END;`
    const { sql, rewritten: done } = rewritten(setup, rebuild(`${SAME}, d TEXT`, COPY))
    expect(sql).toBe('-- RedefineTables\nALTER TABLE "p" ADD COLUMN d TEXT;\n')
    expect(done.map(({ id }) => id)).toEqual([
      'rebuild-avoidable',
      'rebuild-loses-objects',
      'rebuild-loses-objects',
    ])
    const { schema } = stateOf(deployed(databaseWith(setup), sql))
    expect(schema.map(([, name]) => name)).toEqual(expect.arrayContaining(['part', 't']))
  })
})

describe('a rebuild that stays', () => {
  const REQUIRED = 'id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER'
  const FILLED = COPY.replace('SELECT "id", "a"', `SELECT "id", coalesce("a", '')`)
  const plain = (columns: string, copy: string) =>
    `CREATE TABLE new_p (${columns});\n${copy};\nDROP TABLE p;\nALTER TABLE new_p RENAME TO p;\nCREATE INDEX p_a_idx ON p (a);\n`

  test('runs with foreign keys switched off, so that child rows remain', () => {
    const sql = plain(REQUIRED, FILLED)
    const { sql: fixed, rewritten: done, left } = rewritten(SHOP, sql)
    expect(fixed).toBe(
      `PRAGMA foreign_keys = OFF;\n${sql.trimEnd().slice(0, -1)};\nPRAGMA foreign_keys = ON;\n`,
    )
    expect(done.map(({ id }) => id)).toEqual(['rebuild-cascades', 'rebuild-keys-enforced'])
    expect(left).toEqual([])
    const database = deployed(databaseWith(SHOP), fixed)
    const before = stateOf(databaseWith(SHOP))
    const after = stateOf(database)
    expect(after.rows).toEqual(before.rows)
    expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([])
    expect(rewritten(SHOP, fixed).sql).toBe(fixed)
  })

  test('but not if another statement needs the keys', () => {
    const sql = `DELETE FROM p WHERE id = 1;\n${plain(REQUIRED, FILLED)}`
    const { sql: fixed, left } = rewritten(SHOP, sql)
    expect(fixed).toBe(sql)
    expect(left.map(({ reason }) => reason)[0]).toContain('a separate migration')
  })

  test('on D1, only Slipway keeps the child rows', () => {
    const { sql, left } = rewritten(SHOP, rebuild(REQUIRED, FILLED), { d1: 'remote' })
    expect(sql).toBe(rebuild(REQUIRED, FILLED))
    expect(left.map(({ reason }) => reason)[0]).toContain('Apply it with Slipway')
  })

  test('recreates triggers, inexpressible indexes and views, and keeps the counter', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b INTEGER);
      CREATE TABLE log (id INTEGER); CREATE INDEX plain ON p (a); CREATE INDEX part ON p (b) WHERE b > 5;
      CREATE TRIGGER t AFTER DELETE ON p BEGIN INSERT INTO log VALUES (old.id); END;
      CREATE VIEW v AS SELECT a FROM p; CREATE VIEW w AS SELECT a FROM v;
      CREATE TRIGGER tw INSTEAD OF INSERT ON w BEGIN INSERT INTO p (a) VALUES (new.a); END;
      CREATE TRIGGER tl AFTER INSERT ON log BEGIN UPDATE p SET b = 1 WHERE id = new.id; END;
      INSERT INTO p (a, b) VALUES ('x', 1), ('y', 9), ('z', 9); DELETE FROM p WHERE id = 3;`
    const sql = plain(
      'id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL, b INTEGER',
      FILLED,
    ).replace(/CREATE INDEX.*\n/, '')
    const { sql: fixed, rewritten: done, left } = rewritten(setup, sql)
    expect(done.map(({ id }) => id).toSorted()).toEqual([
      'rebuild-autoincrement',
      'rebuild-loses-objects',
      'rebuild-loses-objects',
      'rebuild-under-view',
    ])
    expect(left.map(({ id }) => id)).toEqual(['rebuild-loses-objects'])
    const database = deployed(databaseWith(setup), fixed)
    const before = stateOf(databaseWith(setup))
    const after = stateOf(database)
    expect(after.rows).toEqual(before.rows)
    const others = ({ schema }: typeof before) =>
      schema.filter(([, name]) => name !== 'p' && name !== 'plain')
    expect(others(after)).toEqual(others(before))
    expect(database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'p'`).get()).toEqual({
      seq: 3,
    })
    database.exec(`INSERT INTO w VALUES ('new'); DELETE FROM p WHERE id = 1`)
    expect(database.prepare('SELECT max(id) AS id FROM p').get()).toEqual({ id: 4 })
  })

  test('names its columns on both sides', () => {
    const sql = plain(REQUIRED, 'INSERT INTO new_p SELECT * FROM p')
    const { sql: fixed } = rewritten(SHOP, sql)
    expect(fixed).toContain('INSERT INTO "new_p" ("id", "a", "b") SELECT "id", "a", "b" FROM "p"')
    const keys = `PRAGMA foreign_keys = OFF; ${sql}`
    expect(stateOf(deployed(databaseWith(SHOP), fixed))).toEqual(
      stateOf(deployed(databaseWith(SHOP), keys)),
    )
    const odd = plain(
      'a TEXT, id INTEGER PRIMARY KEY, b INTEGER',
      'INSERT INTO new_p SELECT * FROM p',
    )
    expect(rewritten(SHOP, odd).left.map(({ id }) => id)).toContain('rebuild-by-position')
  })

  test('renames last, and keeps the counter', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);
      CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);
      INSERT INTO p (a) VALUES ('x'), ('y'); INSERT INTO c VALUES (1); DELETE FROM p WHERE id = 2;`
    const sql = `ALTER TABLE p RENAME TO old_p;
CREATE TABLE p (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL);
INSERT INTO p SELECT * FROM old_p;
DROP TABLE old_p;
`
    const { sql: fixed, rewritten: done } = rewritten(setup, sql)
    expect(done.map(({ id }) => id).toSorted()).toEqual([
      'rebuild-autoincrement',
      'rebuild-by-position',
      'rebuild-cascades',
      'rebuild-renames-first',
    ])
    const database = deployed(databaseWith(setup), fixed)
    expect(stateOf(database).rows).toEqual(stateOf(databaseWith(setup)).rows)
    expect(database.prepare('SELECT name, seq FROM sqlite_sequence').all()).toEqual([
      { name: 'p', seq: 2 },
    ])
  })

  test('renames last, so that foreign keys of children do not change', () => {
    const sql = `PRAGMA foreign_keys=OFF;
ALTER TABLE p RENAME TO old_p;
CREATE TABLE p (${REQUIRED});
INSERT INTO p (id, a, b) SELECT id, coalesce(a, ''), b FROM old_p;
DROP TABLE old_p;
CREATE INDEX p_a_idx ON p (a);
PRAGMA foreign_keys=ON;
`
    const { sql: fixed, rewritten: done } = rewritten(SHOP, sql)
    expect(done.map(({ id }) => id)).toEqual(['rebuild-renames-first'])
    const database = deployed(databaseWith(SHOP), fixed)
    expect(stateOf(database)).toEqual(
      stateOf(deployed(databaseWith(SHOP), rebuild(REQUIRED, FILLED))),
    )
    expect(database.prepare('PRAGMA foreign_key_check').all()).toEqual([])
    expect(rewritten(SHOP, fixed).sql).toBe(fixed)
  })
})

describe('columns', () => {
  test.each<[string, string, string, unknown]>([
    ['a required text', 'd TEXT NOT NULL', "SELECT count(*) FROM p WHERE d = ''", 2],
    ['a required number', 'd INTEGER NOT NULL', 'SELECT sum(d) FROM p', 0],
    [
      'a computed default',
      `d TEXT DEFAULT (lower('Z'))`,
      "SELECT count(*) FROM p WHERE d = 'z'",
      2,
    ],
    ['a timestamp', 'd DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP', 'SELECT count(d) FROM p', 2],
    ['a stored column', 'd INTEGER AS (b * 2) STORED', 'SELECT sum(d) FROM p', 22],
    [
      'a foreign key with a default',
      'd INTEGER DEFAULT 1 REFERENCES c (id)',
      'SELECT sum(d) FROM p',
      2,
    ],
    ['a unique column', `d TEXT CONSTRAINT u UNIQUE COLLATE NOCASE`, 'SELECT count(*) FROM p', 2],
  ])('%s', (_, column, query, value) => {
    const setup = `${SHOP} CREATE VIEW v AS SELECT a FROM p;
      CREATE TRIGGER t AFTER UPDATE ON p BEGIN UPDATE c SET id = id WHERE p = new.id; END;`
    const sql = `ALTER TABLE p ADD COLUMN ${column};\n`
    expect(() => deployed(databaseWith(setup), sql)).toThrow()
    const { sql: fixed, rewritten: done, left } = rewritten(setup, sql)
    expect(done).toHaveLength(1)
    expect(left).toEqual([])
    const database = deployed(databaseWith(setup), fixed)
    expect(Object.values(database.prepare(query).get() ?? {})).toEqual([value])
    const before = stateOf(databaseWith(setup))
    const after = stateOf(database)
    const others = (all: ReadonlyArray<readonly unknown[]>) =>
      all.filter(([one, name]) => one !== 'p' && name !== 'p' && name !== 'p_d_key')
    expect(others(after.rows)).toEqual(others(before.rows))
    expect(others(after.schema)).toEqual(others(before.schema))
    // On empty tables SQLite also accepts the original, which must give the same table.
    if (column.includes('UNIQUE')) return
    const empty = setup.replaceAll(/INSERT INTO [cnpr] VALUES[^;]*;/g, '')
    expect(stateOf(deployed(databaseWith(empty), fixed))).toEqual(
      stateOf(deployed(databaseWith(empty), sql)),
    )
  })

  test('no rebuild if it would lose rows of other tables', () => {
    const sql = 'ALTER TABLE p ADD COLUMN d TEXT NOT NULL;'
    const [onD1, withDelete] = [
      rewritten(SHOP, sql, { d1: 'remote' }),
      rewritten(SHOP, `DELETE FROM p WHERE id = 1; ${sql}`),
    ]
    expect(onD1).toMatchObject({ sql, rewritten: [] })
    expect(onD1.left[0]?.reason).toContain('only Slipway')
    expect(withDelete).toMatchObject({ rewritten: [], left: [{ id: 'add-required-column' }] })
    const alone = 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);'
    const { sql: fixed } = rewritten(alone, sql.replace('p', 't'), { d1: 'remote' })
    expect(fixed).toContain(`SELECT "id", '' FROM "t"`)
  })

  test('an index is dropped before its column', () => {
    const { sql } = rewritten(SHOP, 'ALTER TABLE p DROP COLUMN a;')
    expect(sql).toBe('DROP INDEX "p_a_idx";\nALTER TABLE p DROP COLUMN a;')
    expect(() => deployed(databaseWith(SHOP), sql)).not.toThrow()
    const used = `${SHOP} CREATE VIEW v AS SELECT a FROM p;`
    expect(rewritten(used, 'ALTER TABLE p DROP COLUMN a;').left.map(({ id }) => id)).toEqual([
      'drop-used-column',
    ])
  })
})

describe('statements', () => {
  test('an INSERT is split to fit the D1 limit', () => {
    const rows = Array.from({ length: 6_000 }, (_, n) => `(${n + 10}, 'é-and-more-${n}', ${n})`)
    const sql = `-- seeds\nINSERT INTO p (id, a, b) VALUES ${rows.join(',')} ON CONFLICT DO NOTHING; -- end\n`
    const { sql: fixed, rewritten: done } = rewritten(SHOP, sql, { d1: 'remote' })
    expect(done.map(({ id }) => id)).toEqual(['d1-statement-size'])
    const statements = parser.parse(fixed)
    expect(statements.length).toBeGreaterThan(1)
    expect(statements.every(({ text }) => Buffer.byteLength(text) <= 100_000)).toBe(true)
    expect(fixed.startsWith('-- seeds\n')).toBe(true)
    expect(stateOf(deployed(databaseWith(SHOP), fixed))).toEqual(
      stateOf(deployed(databaseWith(SHOP), sql)),
    )
    const one = `INSERT INTO p (a) VALUES ('${'x'.repeat(100_000)}'); INSERT INTO p (a) SELECT '${'x'.repeat(100_000)}'`
    expect(rewritten(SHOP, one, { d1: 'remote' }).left.map(({ id }) => id)).toEqual([
      'd1-statement-size',
      'd1-large-file',
      'd1-statement-size',
    ])
  })

  test.each<[string, string, string, Partial<Facts>]>([
    [
      'BEGIN and COMMIT',
      '\uFEFFBEGIN;\n-- x\nUPDATE p SET a = 1 WHERE id = 1;\nCOMMIT;\n',
      '\uFEFF-- x\nUPDATE p SET a = 1 WHERE id = 1;\n',
      {},
    ],
    ['PRAGMAs', 'PRAGMA journal_mode=WAL; SELECT 1;\nVACUUM;\n', ' SELECT 1;\n', {}],
    [
      'PRAGMAs that D1 refuses',
      'PRAGMA synchronous=OFF;\r\nSELECT 1;\r\n',
      'SELECT 1;\r\n',
      { d1: 'remote' },
    ],
    [
      'double quotes',
      `UPDATE p SET a = "it's ""new""" WHERE "id" = 1;`,
      `UPDATE p SET a = 'it''s "new"' WHERE "id" = 1;`,
      {},
    ],
    [
      'a default in double quotes',
      'CREATE TABLE t (a TEXT DEFAULT "x", b TEXT);',
      `CREATE TABLE t (a TEXT DEFAULT 'x', b TEXT);`,
      {},
    ],
    [
      'functions of D1',
      'UPDATE p SET b = power(b, 2) + Ceiling(1.5) WHERE id = 1;',
      'UPDATE p SET b = pow(b, 2) + ceil(1.5) WHERE id = 1;',
      { d1: 'remote' },
    ],
  ])('%s', (_, sql, expected, facts) => {
    const { sql: fixed } = rewritten(SHOP, sql, facts)
    expect(fixed).toBe(expected)
    expect(rewritten(SHOP, fixed, facts).sql).toBe(fixed)
    expect(() => deployed(databaseWith(SHOP), fixed)).not.toThrow()
  })

  test('an accepted hazard stays', () => {
    const sql = '-- slipway: accept sqlite-vacuum (later)\nVACUUM;\n'
    expect(rewritten(SHOP, sql)).toMatchObject({ sql, rewritten: [], left: [] })
  })
})

describe.skipIf(sqliteCorpus.length === 0)('the corpus', () => {
  test('each rewritten migration gives the same schema and the same rows', () => {
    const migrations = sqliteCorpus.map(({ name, sql }) => migrationOf(name, sql))
    let changed = 0
    for (const [at, migration] of migrations.entries()) {
      const history = migrations.slice(0, at)
      const [fixed] = rewrite({ history, migrations: [migration], facts: BASE, parser })
      if (fixed === undefined || fixed.sql === migration.sql) continue
      changed++
      const [one, other] = [historyWithRows(history), historyWithRows(history)]
      expect(stateOf(deployed(one, fixed.sql)), migration.name).toEqual(
        stateOf(deployed(other, migration.sql)),
      )
      const again = { ...migration, sql: fixed.sql, statements: parser.parse(fixed.sql) }
      const hazards = judge({ history, migrations: [again], facts: BASE })
      expect(hazards.filter(({ id }) => id === 'rebuild-avoidable')).toEqual([])
    }
    expect(changed).toBe(22)
  })
})

/** Adds a row to each table before each migration, so that each table has rows from several schema versions. */
function historyWithRows(history: readonly JudgedMigration[]): DatabaseSync {
  number = 0
  const database = databaseWith('')
  for (const { sql } of history) {
    fill(database)
    deployed(database, sql)
  }
  fill(database)
  return database
}

let number = 0

/** Adds a row to each table, with deterministic values that contain their table and column. */
function fill(database: DatabaseSync): void {
  const tables = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'`)
    .all()
    .map((row) => String(row['name']))
  database.exec('PRAGMA foreign_keys = OFF')
  for (const table of tables) {
    const columns = database.prepare('SELECT name, type FROM pragma_table_info(?)').all(table)
    const names = columns.map((column) => `"${String(column['name'])}"`)
    const values = columns.map((column) => {
      const value = ++number
      const isNumber = /INT|BOOL|DATE|NUM/i.test(String(column['type']))
      return isNumber ? value : `'${table}-${String(column['name'])}-${value}'`
    })
    database.exec(`INSERT INTO "${table}" (${names.join(', ')}) VALUES (${values.join(', ')})`)
  }
}
