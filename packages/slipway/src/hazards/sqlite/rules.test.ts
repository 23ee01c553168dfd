import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { BASE, migrationOf, parser } from '../../../test/sqlite-hazard-input.ts'
import { objectKey } from '../../statements/index.ts'
import { definitionsAsHistory, type Facts, type Hazard, judge } from '../index.ts'

function judged(history: string, sql: string, facts: Partial<Facts> = {}): Hazard[] {
  return judge({
    history: [migrationOf('1', history)],
    migrations: [migrationOf('2', sql)],
    facts: { ...BASE, ...facts },
  })
}

function idsOf(hazards: readonly Hazard[]): string[] {
  return hazards.map(({ id, severity }) => (severity === 'error' ? id : `${id} (${severity})`))
}

function rowsIn(tables: Readonly<Record<string, number>>): NonNullable<Facts['tables']> {
  return new Map(
    Object.entries(tables).map(([name, rows]) => [
      objectKey({ kind: 'table', schema: null, name }),
      { rows, bytes: 0 },
    ]),
  )
}

/** Whether SQLite refuses the SQL in one transaction. */
function isRefused(setup: string, sql: string, keys = 'OFF'): boolean {
  const database = new DatabaseSync(':memory:')
  database.exec(`${setup}; PRAGMA foreign_keys = ${keys}; BEGIN;`)
  try {
    database.exec(`${sql}; COMMIT;`)
    return false
  } catch {
    return true
  } finally {
    database.close()
  }
}

const P = `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);`
const ROWS = `INSERT INTO p VALUES (1, 'x', 5), (2, 'y', 6);`

describe('a column that is added: found if and only if SQLite refuses it', () => {
  const columns = [
    'c TEXT',
    'c TEXT NOT NULL',
    'c TEXT NOT NULL DEFAULT NULL',
    "c TEXT NOT NULL DEFAULT ''",
    'c INTEGER NOT NULL DEFAULT -1',
    'c BOOLEAN NOT NULL DEFAULT true',
    'c DATETIME DEFAULT CURRENT_TIMESTAMP',
    'c DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP',
    'c INTEGER DEFAULT (1 + 1)',
    'c INTEGER DEFAULT (1)',
    "c TEXT DEFAULT (lower('X'))",
    "c BLOB DEFAULT x'00'",
    'c TEXT UNIQUE',
    'c INTEGER PRIMARY KEY',
    'c INTEGER REFERENCES p (id)',
    'c INTEGER DEFAULT 1 REFERENCES p (id)',
    'c INTEGER AS (b * 2)',
    'c INTEGER AS (b * 2) VIRTUAL',
    'c INTEGER AS (b * 2) STORED',
    'c TEXT COLLATE NOCASE',
  ]
  test.each(columns)('%s', (column) => {
    const sql = `ALTER TABLE p ADD COLUMN ${column}`
    for (const [rows, setup] of [
      [2, P + ROWS],
      [0, P],
    ] as const) {
      const found = judged(P, sql, { tables: rowsIn({ p: rows }) })
      const refused = isRefused(setup, sql, 'ON')
      expect(found.length > 0, `${rows} rows`).toBe(refused)
    }
  })

  test.each(columns)('%s, with keys switched off', (column) => {
    const sql = `PRAGMA foreign_keys = OFF; ALTER TABLE p ADD COLUMN ${column}`
    expect(judged(P, sql).length > 0).toBe(isRefused(P + ROWS, sql.split(';')[1] ?? ''))
  })
})

describe('a column that is dropped: found if SQLite refuses it or something breaks', () => {
  const Q = `${P} CREATE TABLE q (x INTEGER);`
  test.each<[string, string, 'refused' | 'broken' | 'nothing']>([
    ['nothing', '', 'nothing'],
    ['an index', 'CREATE INDEX i ON p (b, a)', 'refused'],
    ['a partial index', 'CREATE INDEX i ON p (b) WHERE a IS NOT NULL', 'refused'],
    ['an index of an expression', 'CREATE INDEX i ON p (lower(a))', 'refused'],
    ['an index of another column', 'CREATE INDEX i ON p (b)', 'nothing'],
    ['a view', 'CREATE VIEW v AS SELECT a FROM p', 'refused'],
    ['a view of all columns', 'CREATE VIEW v AS SELECT * FROM p', 'nothing'],
    ['a view of another column', 'CREATE VIEW v AS SELECT b FROM p', 'nothing'],
    [
      'a trigger that reads it',
      'CREATE TRIGGER t AFTER INSERT ON p BEGIN INSERT INTO q VALUES (new.a); END',
      'refused',
    ],
    [
      'a trigger on UPDATE OF it',
      'CREATE TRIGGER t AFTER UPDATE OF a ON p BEGIN DELETE FROM q; END',
      'broken',
    ],
    [
      'a trigger of another table',
      'CREATE TRIGGER t AFTER INSERT ON q BEGIN UPDATE p SET a = 1; END',
      'broken',
    ],
    [
      'a trigger of another table and column',
      'CREATE TRIGGER t AFTER INSERT ON q BEGIN UPDATE p SET b = 1; END',
      'nothing',
    ],
  ])('%s', (_, object, expected) => {
    const sql = 'ALTER TABLE p DROP COLUMN a'
    const found = judged(`${Q} ${object}`, sql).filter(({ id }) => id === 'drop-used-column')
    expect(found.length > 0).toBe(expected !== 'nothing')
    expect(isRefused(`${Q} ${object}`, sql)).toBe(expected === 'refused')
    expect(found.some(({ message }) => message.startsWith('SQLite refuses'))).toBe(
      expected === 'refused',
    )
    if (expected !== 'broken') return
    const next = 'ALTER TABLE p DROP COLUMN a; INSERT INTO q VALUES (1); UPDATE p SET b = 2'
    // A trigger on UPDATE OF the column does not fail; it just never runs again.
    const isSilent = object.includes('UPDATE OF')
    expect(isRefused(`${Q} ${object}; ${ROWS}`, next)).toBe(!isSilent)
  })

  test.each<[string, boolean]>([
    ['a TEXT PRIMARY KEY, b INTEGER', true],
    ['a TEXT UNIQUE, b INTEGER', true],
    ['a TEXT, b INTEGER, UNIQUE (b, a)', true],
    ['a TEXT, b INTEGER, PRIMARY KEY (b, a)', true],
    ['a TEXT CHECK (length(a) > 1), b INTEGER', false],
    ['a TEXT, b INTEGER, CHECK (a <> b)', true],
    ['a TEXT, b INTEGER CHECK (b > a)', true],
    ['a TEXT REFERENCES z (id), b INTEGER', false],
    ['a TEXT, b INTEGER, FOREIGN KEY (a) REFERENCES z (id)', true],
    ['b INTEGER, c INTEGER, a TEXT AS (b * 2)', false],
    ['a TEXT, b INTEGER, c INTEGER AS (a * 2)', true],
  ])('in its own table: %s', (columns, expected) => {
    const setup = `CREATE TABLE z (id INTEGER PRIMARY KEY); CREATE TABLE p (${columns});`
    const sql = 'ALTER TABLE p DROP COLUMN a'
    const found = judged(setup, sql).some(({ id }) => id === 'drop-used-column')
    expect(found).toBe(expected)
    expect(isRefused(setup, sql)).toBe(expected)
  })
})

const REBUILD = `CREATE TABLE new_p (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT '', b INTEGER);
INSERT INTO new_p (id, a, b) SELECT id, coalesce(a, ''), b FROM p;
DROP TABLE p;
ALTER TABLE new_p RENAME TO p;`
const OFF = (sql: string) => `PRAGMA foreign_keys = OFF;\n${sql}\nPRAGMA foreign_keys = ON;`

describe('a rebuild with other tables that refer to it', () => {
  const child = (action: string) =>
    `${P} ${ROWS} CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id) ${action});
     INSERT INTO c VALUES (1, 1), (2, 2);`
  const after = (setup: string, keys: string) => {
    const database = new DatabaseSync(':memory:')
    database.exec(`${setup} PRAGMA foreign_keys = ${keys}; BEGIN; ${REBUILD} COMMIT;`)
    return database.prepare('SELECT count(*) AS rows, count(p) AS keys FROM c').get()
  }

  test.each<[string, string]>([
    ['ON DELETE CASCADE', 'rebuild-cascades'],
    ['ON DELETE SET NULL', 'rebuild-cascades'],
    ['ON DELETE SET DEFAULT', 'rebuild-cascades'],
    ['ON DELETE RESTRICT', 'rebuild-keys-enforced'],
    ['', 'rebuild-keys-enforced'],
    ['DEFERRABLE INITIALLY DEFERRED', 'rebuild-keys-enforced'],
  ])('%s', (action, id) => {
    const setup = child(action)
    expect(idsOf(judged(setup, REBUILD))).toEqual([id])
    expect(idsOf(judged(setup, `PRAGMA defer_foreign_keys = ON; ${REBUILD}`))).toEqual([id])
    expect(idsOf(judged(setup, OFF(REBUILD)))).toEqual([])
    expect(idsOf(judged(setup, OFF(REBUILD), { d1: 'remote' }))).toEqual([`${id} (warning)`])
    expect(idsOf(judged(setup, OFF(REBUILD), { tables: rowsIn({ p: 2, c: 2 }) }))).toEqual([])
    expect(idsOf(judged(setup, REBUILD, { tables: rowsIn({ p: 2, c: 0 }) }))).toEqual([])
    expect(after(setup, 'OFF')).toEqual({ rows: 2, keys: 2 })
    // Prisma switches deferral off after a rebuild, and SQLite then resets its count of violations.
    const over = `PRAGMA defer_foreign_keys = ON; ${REBUILD} PRAGMA defer_foreign_keys = OFF;`
    const remains = id === 'rebuild-cascades'
    expect(idsOf(judged(setup, over))).toEqual(remains ? [id] : [])
    expect(isRefused(setup, over, 'ON')).toBe(false)
    if (remains) expect(after(setup, 'ON')).not.toEqual({ rows: 2, keys: 2 })
    else expect(isRefused(setup, REBUILD, 'ON')).toBe(true)
  })

  test('the message has the numbers of rows, and what wrangler does', () => {
    const [finding] = judged(child('ON DELETE CASCADE'), OFF(REBUILD), {
      d1: 'local',
      appliedBy: 'wrangler',
      tables: rowsIn({ p: 2, c: 1204 }),
    })
    expect(finding).toMatchObject({ severity: 'error', line: 4, object: { name: 'p' } })
    expect(finding?.message).toContain('the rows of c (1,204 rows)')
  })

  test('references to itself are those of the new table', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY, up INTEGER REFERENCES p (id) ON DELETE CASCADE);
      INSERT INTO p VALUES (1, NULL), (2, 1);`
    const sql = `CREATE TABLE new_p (id INTEGER PRIMARY KEY, up INTEGER REFERENCES p (id) ON DELETE CASCADE, b TEXT);
      INSERT INTO new_p (id, up) SELECT id, up FROM p; DROP TABLE p; ALTER TABLE new_p RENAME TO p;`
    const finding = judged(setup, sql).find(({ id }) => id === 'rebuild-cascades')
    expect(finding?.message).toContain('the rows of p itself')
    const database = new DatabaseSync(':memory:')
    database.exec(`${setup} PRAGMA foreign_keys = ON; BEGIN; ${sql} COMMIT;`)
    expect(database.prepare('SELECT count(*) AS rows FROM p').get()).toEqual({ rows: 1 })
  })

  test('a table that the migration creates and fills earlier is also affected', () => {
    const sql = `CREATE TABLE c (p INTEGER PRIMARY KEY REFERENCES p (id) ON DELETE CASCADE);
      INSERT INTO c SELECT id FROM p; ${REBUILD}`
    expect(idsOf(judged(P, sql))).toEqual(['rebuild-cascades'])
    expect(idsOf(judged(P, sql.replace('INSERT INTO c SELECT id FROM p;', '')))).toEqual([])
  })
})

describe('what a rebuild does to its own table', () => {
  const rebuild = (columns: string, copy: string) =>
    `CREATE TABLE new_p (${columns}); ${copy}; DROP TABLE p; ALTER TABLE new_p RENAME TO p;`
  const SAME = 'id INTEGER PRIMARY KEY, a TEXT, b INTEGER'
  const COPY = 'INSERT INTO new_p (id, a, b) SELECT id, a, b FROM p'

  test.each<[string, string, readonly string[]]>([
    ['an unchanged table', rebuild(SAME, COPY), []],
    ['an added column', rebuild(`${SAME}, c TEXT`, COPY), []],
    [
      'a column renamed',
      rebuild(
        'id INTEGER PRIMARY KEY, a TEXT, c INTEGER',
        'INSERT INTO new_p (id, a, c) SELECT id, a, b FROM p',
      ),
      [],
    ],
    [
      'a value doubled into a new column',
      rebuild(`${SAME}, c INTEGER`, 'INSERT INTO new_p (id, a, b, c) SELECT id, a, b, b FROM p'),
      [],
    ],
    [
      'names in other case and quotes',
      rebuild(
        'ID INTEGER PRIMARY KEY, "A" TEXT, [b] INTEGER',
        'INSERT INTO NEW_P (Id, `a`, B) SELECT p."ID", p.A, b FROM P',
      ),
      [],
    ],
    [
      'a dropped column',
      rebuild('id INTEGER PRIMARY KEY, a TEXT', 'INSERT INTO new_p (id, a) SELECT id, a FROM p'),
      ['rebuild-loses-column'],
    ],
    [
      'a column that is merged into another',
      rebuild(
        'id INTEGER PRIMARY KEY, a TEXT',
        `INSERT INTO new_p (id, a) SELECT id, a || b FROM p`,
      ),
      ['rebuild-loses-column (info)'],
    ],
    [
      'a column that is copied elsewhere first',
      `CREATE TABLE t (b INTEGER); INSERT INTO t SELECT b FROM p; ${rebuild('id INTEGER PRIMARY KEY, a TEXT', 'INSERT INTO new_p (id, a) SELECT id, a FROM p')}`,
      ['rebuild-loses-column (warning)'],
    ],
    [
      'a column that is only compared elsewhere',
      `CREATE TABLE t (b INTEGER); INSERT INTO t SELECT id FROM p WHERE b > 1; ${rebuild('id INTEGER PRIMARY KEY, a TEXT', 'INSERT INTO new_p (id, a) SELECT id, a FROM p')}`,
      ['rebuild-loses-column'],
    ],
    [
      'columns in another order',
      rebuild('a TEXT, b INTEGER, id INTEGER PRIMARY KEY', 'INSERT INTO new_p SELECT * FROM p'),
      [
        'rebuild-misplaces-values',
        'rebuild-misplaces-values',
        'rebuild-misplaces-values',
        'rebuild-changes-type',
        'rebuild-changes-type (warning)',
        'rebuild-by-position (warning)',
        'rebuild-adds-constraint (warning)',
        'rebuild-adds-constraint (warning)',
      ],
    ],
    [
      'swapped',
      rebuild(SAME, 'INSERT INTO new_p (id, a, b) SELECT id, b, a FROM p'),
      [
        'rebuild-misplaces-values',
        'rebuild-misplaces-values',
        'rebuild-changes-type',
        'rebuild-changes-type (warning)',
      ],
    ],
    [
      'one value too few',
      rebuild(SAME, 'INSERT INTO new_p (id, a, b) SELECT id, a FROM p'),
      ['rebuild-misplaces-values'],
    ],
    ['no copy', rebuild(SAME, 'SELECT 1'), ['rebuild-loses-rows']],
    [
      'two copies',
      rebuild(SAME, `${COPY} WHERE b > 5; ${COPY} WHERE b <= 5`),
      ['rebuild-loses-rows', 'rebuild-loses-rows'],
    ],
    [
      'OR IGNORE',
      rebuild(SAME, COPY.replace('INSERT', 'INSERT OR IGNORE')),
      ['rebuild-loses-rows'],
    ],
    ['a required column', rebuild(`${SAME}, c TEXT NOT NULL`, COPY), ['rebuild-required-column']],
    ['a required column with a default', rebuild(`${SAME}, c TEXT NOT NULL DEFAULT ''`, COPY), []],
    [
      'now required',
      rebuild('id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER', COPY),
      ['rebuild-adds-constraint (warning)'],
    ],
    [
      'now required, with a value',
      rebuild(
        'id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER',
        COPY.replace('SELECT id, a', `SELECT id, ifnull(a, 'x')`),
      ),
      [],
    ],
    [
      'now unique',
      rebuild('id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER', COPY),
      ['rebuild-adds-constraint (warning)'],
    ],
    [
      'now checked',
      rebuild('id INTEGER PRIMARY KEY, a TEXT, b INTEGER CHECK (b > 0)', COPY),
      ['rebuild-adds-constraint (warning)'],
    ],
    [
      'now with a foreign key',
      rebuild('id INTEGER PRIMARY KEY, a TEXT, b INTEGER REFERENCES q (id)', COPY),
      ['rebuild-adds-constraint (warning)'],
    ],
    [
      'now a number',
      rebuild('id INTEGER PRIMARY KEY, a INTEGER, b INTEGER', COPY),
      ['rebuild-changes-type'],
    ],
    [
      'now text',
      rebuild('id INTEGER PRIMARY KEY, a TEXT, b TEXT', COPY),
      ['rebuild-changes-type (warning)'],
    ],
    ['another text type', rebuild('id INTEGER PRIMARY KEY, a VARCHAR(20), b BIGINT', COPY), []],
    ['strict', rebuild(`${SAME}) STRICT; SELECT (1`, COPY), ['rebuild-strict (warning)']],
  ])('%s', (_, sql, expected) => {
    const found = judged(P, sql).filter(({ id }) => id !== 'rebuild-avoidable')
    expect(idsOf(found).toSorted()).toEqual(expected.toSorted())
  })

  test('little is known about a table that no migration created', () => {
    expect(idsOf(judged('', OFF(REBUILD)))).toEqual([])
    expect(idsOf(judged('', OFF(REBUILD.replace(/INSERT.*\n/, ''))))).toEqual([
      'rebuild-loses-rows',
    ])
    expect(idsOf(judged('', OFF(REBUILD.replace('FROM p', 'FROM other'))))).toEqual([
      'rebuild-loses-rows',
    ])
    expect(idsOf(judged('', REBUILD.replace('new_p RENAME TO p', 'new_p RENAME TO q')))).toEqual([
      'sqlite-drop-table',
    ])
  })

  test('a constraint that the table had is not new', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER REFERENCES q (id), CHECK (b > 0));
      CREATE UNIQUE INDEX p_a_key ON p (a);`
    const sql = `CREATE TABLE new_p (id INTEGER PRIMARY KEY, c TEXT NOT NULL UNIQUE, b INTEGER, CHECK ( b>0 ), FOREIGN KEY (b) REFERENCES q (id));
      INSERT INTO new_p (id, c, b) SELECT id, a, b FROM p; DROP TABLE p; ALTER TABLE new_p RENAME TO p;
      CREATE UNIQUE INDEX p_c_key ON p (c);`
    expect(idsOf(judged(setup, sql))).toEqual(['rebuild-loses-objects (warning)'])
  })

  test('loses parts of the definition that schema.prisma cannot express', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE CHECK (a <> ''), b INTEGER,
      g INTEGER GENERATED ALWAYS AS (b * 2) VIRTUAL, CONSTRAINT positive CHECK (b > 0)) STRICT;`
    const found = judged(setup, REBUILD)
    expect(found.map(({ message }) => message)).toEqual([
      'The rebuild of p loses COLLATE NOCASE of its column a: the new table is created without it.',
      'The rebuild of p loses its generated column g: the new table is created without it.',
      'The rebuild of p loses the CHECK of its column a: the new table is created without it.',
      'The rebuild of p loses a CHECK: the new table is created without it.',
      'The rebuild of p loses STRICT: the new table is created without it.',
    ])
    const database = new DatabaseSync(':memory:')
    database.exec(
      `${setup} ${REBUILD.replace(/CREATE TABLE[^;]*;/, () => found[0]?.safeSql ?? '')}`,
    )
    expect(() => database.exec("INSERT INTO p (a, b) VALUES ('x', 0)")).toThrow('positive')
    expect(() => database.exec("INSERT INTO p (a, b) VALUES ('', 1)")).toThrow('CHECK')
    expect(() => database.exec("INSERT INTO p (a, b) VALUES ('x', 'y')")).toThrow('INTEGER')
    database.exec("INSERT INTO p (a, b) VALUES ('x', 1)")
    expect(database.prepare("SELECT g FROM p WHERE a = 'X'").all()).toEqual([{ g: 2 }])
    database.close()
  })

  test('does not report parts that use a dropped column, nor STRICT with types that it refuses', () => {
    const setup = `CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT, b INTEGER, at TEXT, CHECK (b > 0), CHECK (a <> at)) STRICT;`
    const sql = `CREATE TABLE new_p (id INTEGER PRIMARY KEY, a TEXT, at DATETIME);
      INSERT INTO new_p (id, a, at) SELECT id, a, at FROM p; DROP TABLE p; ALTER TABLE new_p RENAME TO p;`
    const found = judged(setup, sql).filter(({ id }) => id === 'rebuild-loses-definition')
    expect(found.map(({ message, safeSql }) => [message, safeSql !== undefined])).toEqual([
      ['The rebuild of p loses a CHECK: the new table is created without it.', true],
      ['The rebuild of p loses STRICT: the new table is created without it.', false],
    ])
  })

  test('has no safe form if SQLite accepts none, and compares names case-insensitively in ASCII only', () => {
    const setup = `CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY, g INTEGER AS (id * 2), "ä" INTEGER, "Ä" INTEGER CHECK ("Ä" > 0)) WITHOUT ROWID;`
    const sql = `CREATE TABLE new_p (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, g INTEGER, "ä" INTEGER);
      INSERT INTO new_p (id, g, "ä") SELECT id, g, "ä" FROM p; DROP TABLE p; ALTER TABLE new_p RENAME TO p;`
    const found = judged(setup, sql).filter(({ id }) => id === 'rebuild-loses-definition')
    expect(found.map(({ message, safeSql }) => [message.split(':')[0], safeSql])).toEqual([
      ['The rebuild of p loses its generated column g', undefined],
      ['The rebuild of p loses WITHOUT ROWID', undefined],
    ])
  })

  test('loses keys, ON CONFLICT and deferred foreign keys, with a safe form that SQLite accepts', () => {
    const setup = `CREATE TABLE q (id INTEGER PRIMARY KEY);
      CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'x', b INTEGER UNIQUE ON CONFLICT REPLACE,
        g TEXT AS (lower(a)) CHECK (g <> "gone"), q INTEGER REFERENCES q (id) DEFERRABLE INITIALLY DEFERRED,
        UNIQUE (a COLLATE NOCASE), UNIQUE (g), UNIQUE (a, b), CONSTRAINT own CHECK ("p"."b" > 0 AND p.a <> "gone"));`
    const create = `CREATE TABLE new_p (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x', b INTEGER, q INTEGER, gone TEXT, FOREIGN KEY (q) REFERENCES q (id));`
    const rest = `INSERT INTO new_p (id, a, b, q) SELECT id, a, b, q FROM p; DROP TABLE p; ALTER TABLE new_p RENAME TO p;
      CREATE UNIQUE INDEX p_a_key ON p (a); CREATE UNIQUE INDEX p_b_key ON p (b); CREATE UNIQUE INDEX p_a_b_key ON p (a, b);`
    const found = judged(setup, `PRAGMA foreign_keys=OFF; ${create} ${rest}`).filter(
      ({ id }) => id === 'rebuild-loses-definition',
    )
    expect(
      found.map(({ message }) => message.slice('The rebuild of p loses '.length).split(':')[0]),
    ).toEqual([
      'NOT NULL ON CONFLICT REPLACE of its column a',
      'its generated column g',
      'UNIQUE (b) ON CONFLICT REPLACE',
      'UNIQUE (a COLLATE NOCASE)',
      'UNIQUE (g)',
      'DEFERRABLE INITIALLY DEFERRED of its foreign key on q',
      'a CHECK',
    ])
    const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true })
    database.exec(
      `${setup} PRAGMA foreign_keys=OFF; ${found[0]?.safeSql} ${rest.replace('CREATE UNIQUE INDEX p_b_key ON p (b);', '')} PRAGMA foreign_keys=ON;`,
    )
    database.exec("INSERT INTO p (a, b) VALUES ('A', 1)")
    expect(() => database.exec("INSERT INTO p (a, b) VALUES ('a', 2)")).toThrow('UNIQUE')
    expect(() => database.exec("INSERT INTO p (a, b) VALUES ('gone', 2)")).toThrow('CHECK')
    database.exec('INSERT INTO p (a, b) VALUES (NULL, 1)')
    database.exec('BEGIN; UPDATE p SET q = 1; INSERT INTO q VALUES (1); COMMIT')
    expect(database.prepare('SELECT a, b, g FROM p').all()).toEqual([{ a: 'x', b: 1, g: 'x' }])
    database.close()
  })

  test('loses indexes and triggers that nothing recreates', () => {
    const setup = `${P} CREATE INDEX ia ON p (a); CREATE INDEX ib ON p (b) WHERE b > 1; CREATE UNIQUE INDEX iu ON p (a, b);
      CREATE TRIGGER t AFTER INSERT ON p BEGIN SELECT 1; END;`
    const found = judged(setup, `${REBUILD} CREATE INDEX ia ON p (a);`)
    expect(idsOf(found)).toEqual([
      'rebuild-loses-objects',
      'rebuild-loses-objects (warning)',
      'rebuild-loses-objects (warning)',
    ])
    expect(found.map(({ safeSql }) => safeSql)).toEqual([
      'CREATE TRIGGER t AFTER INSERT ON p BEGIN SELECT 1; END;',
      'CREATE INDEX ib ON p (b) WHERE b > 1;',
      'CREATE UNIQUE INDEX iu ON p (a, b);',
    ])
    const less = REBUILD.replace(', b INTEGER', '')
      .replace(', b)', ')')
      .replace(', b FROM', ' FROM')
    expect(idsOf(judged(setup, less))).toEqual([
      'rebuild-loses-column',
      'rebuild-loses-objects',
      'rebuild-loses-objects (warning)',
    ])
  })

  test.each<[string, string, boolean]>([
    ['a view', 'CREATE VIEW v AS SELECT a FROM p', true],
    ['a view of another table', 'CREATE VIEW v AS SELECT x FROM q', false],
    [
      'a view that uses the name only in WITH',
      'CREATE VIEW v AS WITH p AS (SELECT 1 AS a) SELECT a FROM p',
      false,
    ],
    [
      'a trigger of another table',
      'CREATE TRIGGER t AFTER INSERT ON q BEGIN INSERT INTO p (a) VALUES (new.x); END',
      true,
    ],
    ['a trigger of its own', 'CREATE TRIGGER t AFTER INSERT ON p BEGIN DELETE FROM q; END', false],
  ])('under %s: refused if SQLite refuses it', (_, object, expected) => {
    const setup = `${P} CREATE TABLE q (x TEXT); ${object};`
    const found = judged(setup, REBUILD).some(({ id }) => id === 'rebuild-under-view')
    expect(found).toBe(expected)
    expect(isRefused(setup, REBUILD)).toBe(expected)
    const legacy = `PRAGMA legacy_alter_table = ON; ${REBUILD}`
    expect(judged(setup, legacy).some(({ id }) => id === 'rebuild-under-view')).toBe(false)
    expect(isRefused(setup, legacy)).toBe(false)
  })
})

describe('tables and rows', () => {
  test.each<[string, string, readonly string[]]>([
    ['a table', 'DROP TABLE p', ['sqlite-drop-table']],
    [
      'a table that is copied first',
      'CREATE TABLE t (a TEXT); INSERT INTO t SELECT a FROM p; DROP TABLE p',
      ['sqlite-drop-table (warning)'],
    ],
    [
      'a name that is freed for a new table',
      'DROP TABLE IF EXISTS new_p; CREATE TABLE new_p (a TEXT)',
      [],
    ],
    ['a new table', 'CREATE TABLE t (a TEXT); DROP TABLE t', []],
    ['rows that match a condition', 'DELETE FROM p WHERE id = 1', []],
    [
      'all rows',
      'DELETE FROM p WHERE 1=1; UPDATE p SET a = 1',
      ['sqlite-no-where', 'sqlite-no-where (warning)'],
    ],
    ['some rows', 'UPDATE p SET a = t.a FROM t', []],
    ['a counter', 'UPDATE sqlite_sequence SET seq = 1', []],
    ['REPLACE', `REPLACE INTO p (id) VALUES (1)`, ['replace-deletes-rows (warning)']],
    [
      'OR REPLACE',
      `UPDATE OR REPLACE p SET id = 2 WHERE id = 1`,
      ['replace-deletes-rows (warning)'],
    ],
    ['an upsert', `INSERT INTO p (id) VALUES (1) ON CONFLICT DO NOTHING`, []],
    ['a query as a table', 'CREATE TABLE t AS SELECT 1 AS a', ['create-table-as (warning)']],
    ['a unique index', 'CREATE UNIQUE INDEX i ON p (a)', ['unique-index-on-rows (warning)']],
    [
      'a unique index of a new column',
      'ALTER TABLE p ADD COLUMN c TEXT; CREATE UNIQUE INDEX i ON p (c)',
      [],
    ],
    [
      'a unique index of a new column that is filled',
      'ALTER TABLE p ADD COLUMN c TEXT; UPDATE p SET c = a WHERE a > 1; CREATE UNIQUE INDEX i ON p (c)',
      ['unique-index-on-rows (warning)'],
    ],
    ['a unique index of its key', 'CREATE UNIQUE INDEX i ON p (id)', []],
    [
      'a string in double quotes',
      `UPDATE p SET a = "new" WHERE id = 1`,
      ['double-quoted-text (warning)'],
    ],
    ['names in double quotes', `UPDATE "p" SET "a" = "b" WHERE "rowid" = 1`, []],
    [
      'a default in double quotes',
      `CREATE TABLE t (a TEXT DEFAULT "x")`,
      ['double-quoted-text (warning)'],
    ],
    ['rename of a table', 'ALTER TABLE p RENAME TO t', ['sqlite-rename-table']],
    ['rename of a new table', 'CREATE TABLE t (a TEXT); ALTER TABLE t RENAME TO u', []],
  ])('%s', (_, sql, expected) => {
    expect(idsOf(judged(P, sql))).toEqual(expected)
  })

  test('a dropped table that others refer to', () => {
    const setup = `${P} CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);`
    const only = (sql: string) =>
      judged(setup, sql)
        .filter(({ id }) => id === 'drop-referenced-table')
        .map(({ message }) => message)
    expect(only('DROP TABLE p')).toHaveLength(2)
    expect(only('PRAGMA foreign_keys = OFF; DROP TABLE p')).toHaveLength(1)
    expect(only('DROP TABLE c; DROP TABLE p')).toEqual([])
    expect(only('DROP TABLE p; DROP TABLE c')).toEqual([])
    const database = new DatabaseSync(':memory:')
    database.exec(
      `${setup} ${ROWS} INSERT INTO c VALUES (1); PRAGMA foreign_keys = ON; DROP TABLE p;`,
    )
    expect(database.prepare('SELECT count(*) AS rows FROM c').get()).toEqual({ rows: 0 })
    expect(() => database.exec('INSERT INTO c VALUES (1)')).toThrow('no such table: main.p')
  })

  test('statements before PRAGMA foreign_keys', () => {
    const setup = `${P} CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);`
    const sql = `DELETE FROM p WHERE id = 1; DELETE FROM c WHERE p = 2; ${OFF(REBUILD)}`
    expect(idsOf(judged(setup, sql))).toEqual(['keys-unenforced (warning)'])
  })
})

describe('D1', () => {
  const onD1 = (sql: string) => idsOf(judged(P, sql, { d1: 'remote' }))

  test.each<[string, readonly string[]]>([
    ['PRAGMA foreign_keys = OFF; PRAGMA defer_foreign_keys = ON; PRAGMA table_info(p)', []],
    ['PRAGMA journal_mode = WAL', ['d1-pragma (warning)']],
    ['PRAGMA user_version = 1', ['d1-pragma']],
    ['BEGIN; SELECT 1; COMMIT', ['sqlite-transaction (warning)']],
    [
      'SAVEPOINT a; SELECT 1; ROLLBACK TO a',
      ['sqlite-transaction (warning)', 'sqlite-transaction'],
    ],
    ['CREATE TEMP TABLE t (a TEXT)', ['d1-temporary']],
    ['CREATE TABLE temp.t (a TEXT)', ['d1-temporary']],
    ['CREATE TABLE _CF_x (a TEXT)', ['d1-reserved-name']],
    [`SELECT 'a' LIKE '${'x'.repeat(51)}'`, ['d1-limit']],
    [`SELECT 'a' LIKE '${'x'.repeat(50)}'`, []],
    [`SELECT ${Array.from({ length: 100 }, () => 'b').join(' + ')} FROM p`, []],
    [`SELECT ${Array.from({ length: 101 }, () => 'b').join(' + ')} FROM p`, ['d1-limit']],
    [`SELECT max(${Array.from({ length: 33 }, () => '1').join(', ')})`, ['d1-limit']],
    ['SELECT if(1, 2, 3), iif(1, 2, 3), ceil(1.5)', ['d1-function']],
    ['CREATE VIRTUAL TABLE s USING fts5 (a)', ['d1-export (info)']],
    ['CREATE VIRTUAL TABLE s USING fts4 (a)', ['d1-module', 'd1-export (info)']],
    ['ALTER TABLE p ALTER COLUMN a SET NOT NULL', ['alter-constraint']],
    ['SELECT * FROM p', []],
  ])('%s', (sql, expected) => {
    expect(onD1(sql)).toEqual(expected)
    expect(idsOf(judged(P, sql)).filter((id) => id.startsWith('d1-'))).toEqual([])
  })
})

test('the definitions of a target serve as a history', () => {
  const history = [definitionsAsHistory([P.slice(0, -1), 'CREATE INDEX i ON p (a)'], parser)]
  const migrations = [migrationOf('2', 'ALTER TABLE p DROP COLUMN a')]
  expect(idsOf(judge({ history, migrations, facts: BASE }))).toEqual([
    'drop-used-column',
    'sqlite-drop-column',
  ])
})

describe('acceptances', () => {
  test('a comment accepts a hazard, and an unused comment is reported', () => {
    const sql = `-- slipway: accept sqlite-drop-table (nobody reads it)
DROP TABLE p;
-- slipway: accept sqlite-no-where (all of them)
DELETE FROM q WHERE x = 1; /* slipway: accept nothing */
-- slipway: accept drop-table (an id of PostgreSQL)
SELECT '
-- slipway: accept x
';`
    expect(judged(`${P} CREATE TABLE q (x TEXT);`, sql).map(({ id, line }) => [id, line])).toEqual([
      ['accept-unused', 3],
      ['accept-unknown', 5],
    ])
  })

  test('project rules see the statements', () => {
    const found = judge({
      history: [migrationOf('1', P)],
      migrations: [migrationOf('2', 'ALTER TABLE p ADD COLUMN c TEXT')],
      facts: BASE,
      rules: [
        {
          id: 'own',
          title: 'Own',
          judge: (action, { schema }) =>
            action.kind === 'add-column'
              ? { severity: 'info', message: `${action.column.name} ${schema.tables.size}` }
              : undefined,
        },
      ],
    })
    expect(found).toMatchObject([{ id: 'own', message: 'c 1', blocks: 'nothing' }])
  })
})
