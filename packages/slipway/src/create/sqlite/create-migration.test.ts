import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Session, withSession } from '../../database/index.ts'
import { objectText } from '../../statements/index.ts'
import { createMigration, type CreateRequest } from '../create-migration.ts'

// Prisma's engine writes each rebuild; the tables have parts that schema.prisma cannot express.

const HEAD = 'datasource db {\n  provider = "sqlite"\n}\n'

async function create(
  history: readonly string[],
  models: string,
  extra: Partial<CreateRequest> = {},
) {
  const migrationsDir = path.join(mkdtempSync(path.join(tmpdir(), 'slipway-create-')), 'migrations')
  const names = history.map((_, at) => `${at + 1}_history`)
  for (const [at, sql] of history.entries()) {
    const folder = path.join(migrationsDir, names[at] ?? '')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'migration.sql'), sql)
  }
  return await createMigration({
    files: [{ path: 'schema.prisma', content: HEAD + models }],
    migrationsDir,
    history: history.map((sql, at) => ({ name: names[at] ?? '', sql })),
    shadow: { dialect: 'sqlite', cacheDir: tmpdir() },
    name: 'next',
    now: new Date('2026-11-21T01:02:03.456Z'),
    noRename: true,
    ...extra,
  })
}

type Created = Awaited<ReturnType<typeof create>>

/** What is kept and what is not, with the reasons, as `create` prints them. */
function said({ kept, notKept }: Created) {
  return {
    kept: kept.map(({ object, reason }) => `${objectText(object)}: ${reason}`),
    cautions: kept.flatMap(({ caution }) => caution ?? []),
    notKept: notKept.map(({ object, part, reason }) =>
      [part === undefined ? [] : part, objectText(object), reason].flat().join(' | '),
    ),
  }
}

/**
 * Writes a migration, checks that nothing is left to write after it, and gives `work` a database with rows on
 * which it has run.
 */
async function created<T>(
  { history, models, rows = '' }: { history: string; models: string; rows?: string },
  work: (session: Session) => Promise<T>,
) {
  const outcome = await create([history], models)
  if (outcome.kind !== 'written') return expect.unreachable('there is nothing to do')
  expect(await create([history, outcome.sql], models)).toMatchObject({ kind: 'nothing-to-do' })
  expect(outcome.down?.proven).toBe(true)
  const result = await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(history)
    await session.execute(rows)
    await session.execute(outcome.sql)
    return await work(session)
  })
  return { ...said(outcome), sql: outcome.sql, result }
}

const refusing = async (session: Session, statements: readonly string[]) => {
  const found: string[] = []
  for (const sql of statements)
    found.push(
      await session.execute(sql).then(
        () => 'done',
        (error: unknown) => String(error).replace(/^.*rejected a statement: /, ''),
      ),
    )
  return found
}

test('keys, ON CONFLICT and deferred foreign keys remain in their table, instead of the plain index', async () => {
  const { kept, notKept, sql, result } = await created(
    {
      history: `CREATE TABLE "User" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT);
CREATE TABLE "T" (a TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'x', b INTEGER NOT NULL, mail TEXT NOT NULL, code TEXT UNIQUE ON CONFLICT REPLACE, note TEXT,
  low TEXT AS (lower(note)), "userId" INTEGER, PRIMARY KEY (a COLLATE NOCASE, b), CONSTRAINT mails UNIQUE (mail COLLATE NOCASE), UNIQUE (low, b),
  CONSTRAINT "T_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);`,
      models: `model User {\n  id Int @id @default(autoincrement())\n  ts T[]\n}
model T {\n  a String @default("x")\n  b Int\n  mail String @unique\n  code String? @unique\n  note String @default("")\n  userId Int?
  user User? @relation(fields: [userId], references: [id])\n  @@id([a, b])\n}\n`,
      rows: `INSERT INTO "T" (a, b, mail, code) VALUES ('x', 1, 'm', 'c')`,
    },
    async (session) => [
      ...(await refusing(session, [
        `INSERT INTO "T" (a, b, mail, note) VALUES ('X', 1, 'n', '1')`,
        `INSERT INTO "T" (a, b, mail, note) VALUES ('y', 1, 'M', '1')`,
        `INSERT INTO "T" (a, b, mail, note) VALUES ('y', 1, 'n', '')`,
        `INSERT INTO "T" (a, b, mail, code) VALUES (NULL, 2, 'n', 'c')`,
        `BEGIN; UPDATE "T" SET "userId" = 5; INSERT INTO "User" VALUES (5); COMMIT`,
      ])),
      await session.query('SELECT a, b, mail, low FROM "T"'),
    ],
  )
  expect(kept).toEqual([
    'column T.a: NOT NULL ON CONFLICT REPLACE',
    'column T.low: generated',
    'table T: UNIQUE (code) ON CONFLICT REPLACE',
    'table T: PRIMARY KEY (a COLLATE NOCASE, b)',
    'table T: CONSTRAINT mails UNIQUE (mail COLLATE NOCASE)',
    'table T: UNIQUE (low, b)',
    'table T: DEFERRABLE INITIALLY DEFERRED',
  ])
  expect(notKept).toEqual([])
  expect(sql).not.toContain('CREATE UNIQUE INDEX')
  expect(sql).toContain('INSERT OR ABORT INTO "new_T"')
  expect(result).toEqual([
    'UNIQUE constraint failed: T.a, T.b.',
    'UNIQUE constraint failed: T.mail.',
    'UNIQUE constraint failed: T.low, T.b.',
    'done',
    'done',
    [{ a: 'x', b: 2, mail: 'n', low: '' }],
  ])
})

test('a generated column that schema.prisma has as a field remains generated, and is not added again', async () => {
  const history = `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL, b TEXT, low TEXT GENERATED ALWAYS AS (lower(a)) STORED, "up" TEXT AS (upper(a)));`
  const models = (b: string) =>
    `model T {\n  id Int @id @default(autoincrement())\n  a String\n  b ${b}\n  low String?\n  up String?\n}\n`
  const { kept, notKept, result } = await created(
    { history, models: models('String'), rows: `INSERT INTO "T" (a, b) VALUES ('Ab', 'b')` },
    async (session) => await session.query('SELECT low, up FROM "T"'),
  )
  const fields = ['column T.low: generated', 'column T.up: generated']
  expect(kept).toEqual([...fields, 'table T: AUTOINCREMENT counter'])
  expect({ notKept, result }).toEqual({ notKept: [], result: [{ low: 'ab', up: 'AB' }] })
  expect(said(await create([history], models('String?'))).kept).toEqual(fields)
})

test('parts that cannot be kept are named with the reason', async () => {
  const { kept, notKept } = await created(
    {
      history: `CREATE TABLE "T" (id TEXT NOT NULL PRIMARY KEY ON CONFLICT REPLACE, at TEXT, price REAL, tax REAL CHECK (tax < price), mail TEXT, code TEXT,
  gross REAL AS (price + tax) CHECK (gross > 0), twice REAL AS (gross * 2), sum REAL AS (price + 1), CHECK (tax > 0), UNIQUE (tax, code COLLATE NOCASE), UNIQUE (mail COLLATE NOCASE)) STRICT;`,
      models: `model T {\n  id String @id\n  at DateTime?\n  price Float?\n  mail String?\n  code String?\n  sum Float @default(1)\n}\n`,
    },
    async () => undefined,
  )
  expect(kept).toEqual([])
  expect(notKept).toEqual([
    'gross REAL AS (price + tax) CHECK (gross > 0) | column T.gross | it names the column tax, which is dropped',
    'twice REAL AS (gross * 2) | column T.twice | it names the column gross, which is dropped',
    'GENERATED ALWAYS AS (price + 1) VIRTUAL | column T.sum | the column has a default, which a generated column cannot have',
    'PRIMARY KEY (id) ON CONFLICT REPLACE | table T | the new table declares its primary key in a column definition',
    'UNIQUE (tax, code COLLATE NOCASE) | table T | it names the column tax, which is dropped',
    'CHECK (tax < price) | column T.tax | it names the column tax, which is dropped',
    'CHECK (tax > 0) | table T | it names the column tax, which is dropped',
    'STRICT | table T | the column at has the type DATETIME, which STRICT does not allow',
  ])
})

test('a CHECK with the name of the old table or a string in double quotes means the same in the new table', async () => {
  const { kept, cautions, result } = await created(
    {
      history: `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL DEFAULT 'a', b TEXT, CHECK ("T"."state" <> "gone"), CHECK (state IN ('a', "z")), CHECK (rowid > "rowid" - 1));`,
      models: `model T {\n  id Int @id @default(autoincrement())\n  state String @default("c")\n  b String\n  gone String?\n}\n`,
    },
    async (session) => [
      ...(await refusing(session, [
        `INSERT INTO "T" (state, b, gone) VALUES ('gone', '', 'x')`,
        `INSERT INTO "T" (state, b, gone) VALUES ('z', '', 'b')`,
      ])),
      await session.query(`SELECT sql FROM sqlite_schema WHERE name = 'T'`),
    ],
  )
  expect(kept.slice(0, 3)).toEqual(['table T: CHECK', 'table T: CHECK', 'table T: CHECK'])
  expect(cautions).toEqual([
    'it rejects the new default of state: a row that uses the default fails',
  ])
  const checks =
    /CHECK \("state" <> 'gone'\),\n.*CHECK \(state IN \('a', 'z'\)\),\n.*\(rowid > "rowid" - 1\)/
  expect(result).toEqual([
    'CHECK constraint failed: state.',
    'done',
    [{ sql: expect.stringMatching(checks) }],
  ])
})

test('views and triggers that read a rebuilt table are dropped before it and created again if possible', async () => {
  const { kept, notKept, sql, result } = await created(
    {
      history: `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT);
CREATE TABLE "U" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT);
CREATE VIEW some AS SELECT id, a FROM "T";
CREATE VIEW all_of_it AS SELECT * FROM some;
CREATE VIEW lost AS SELECT b FROM "T";
CREATE TRIGGER on_view INSTEAD OF INSERT ON some BEGIN INSERT INTO "T" (a) VALUES (NEW.a); END;
CREATE TRIGGER on_other AFTER INSERT ON "U" BEGIN INSERT INTO "T" (a) VALUES ('u'); END;
CREATE TRIGGER on_table AFTER INSERT ON "T" BEGIN UPDATE "T" SET b = NEW.a; END;
CREATE TRIGGER kept AFTER DELETE ON "T" BEGIN SELECT OLD.a; END;`,
      models: `model T {\n  id Int @id @default(autoincrement())\n  a String?\n}\nmodel U {\n  id Int @id @default(autoincrement())\n}\n`,
    },
    async (session) => {
      await session.execute(`INSERT INTO "U" VALUES (1); INSERT INTO some (a) VALUES ('v')`)
      return await session.query('SELECT a FROM all_of_it')
    },
  )
  expect(kept).toEqual([
    'table T: AUTOINCREMENT counter',
    'view some: created again after its table',
    'view all_of_it: created again after its table',
    'trigger some.on_view: created again after its table',
    'trigger U.on_other: created again after its table',
    'trigger T.kept: created again after its table',
  ])
  expect(notKept).toEqual([
    'view lost | error in view lost: no such column: b',
    'trigger T.on_table | no such column: b',
  ])
  expect(sql).toContain(
    '-- DropView\nDROP VIEW "all_of_it";\n\n-- DropView\nDROP VIEW "some";\n\n-- RedefineTables',
  )
  expect(result).toEqual([{ a: 'u' }, { a: 'v' }])
})

test('a view of a rebuilt table causes no question about a rename', async () => {
  const history = `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, a TEXT, b TEXT); CREATE VIEW v AS SELECT a FROM "T";`
  const models = 'model T {\n  id Int @id @default(autoincrement())\n  a String?\n}\n'
  expect(await create([history], models, { noRename: false })).toMatchObject({ kind: 'written' })
})

test('an index or a view of a dropped column is not created again with the name as a string', async () => {
  const history = `CREATE TABLE "T" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL, "name" TEXT NOT NULL);
CREATE UNIQUE INDEX "T_email_key" ON "T"("email");
CREATE INDEX filled ON "T"("name") WHERE "email" IS NOT NULL;
CREATE INDEX named ON "T"("name") WHERE "name" <> "a text";
CREATE VIEW emails AS SELECT "id", "email" FROM "T";
CREATE TRIGGER mailed AFTER UPDATE OF "name" ON "T" BEGIN INSERT INTO "T" ("name") SELECT "email" FROM "T" WHERE false; END;`
  const models = 'model T {\n  id Int @id @default(autoincrement())\n  name String\n}\n'
  const outcome = await create([history], models)
  if (outcome.kind !== 'written') return expect.unreachable('there is nothing to do')
  expect(outcome.sql).not.toMatch(/CREATE (?:UNIQUE )?(?:INDEX|VIEW|TRIGGER).*email/)
  expect(outcome.sql).toContain('CREATE INDEX named ON "T"("name") WHERE "name" <> "a text"')
  expect(said(outcome).notKept).toEqual([
    'index filled | no such column: email',
    'view emails | error in view emails: no such column: email',
    expect.stringMatching(/^trigger T.mailed \| .*no such column: email$/),
  ])
})

const TWO = `model A {\n  id Int @id @default(autoincrement())\n  x String @default("-")\n}
model B {\n  id Int @id @default(autoincrement())\n  x String @default("-")\n}\n`
const TWO_TABLES = `CREATE TABLE "A" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, x TEXT);
CREATE TABLE "B" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, x TEXT);`

test.each([
  ['the later one', [`t AFTER INSERT ON "B" BEGIN UPDATE "A" SET x = NEW.x; END`]],
  ['the earlier one', [`t AFTER INSERT ON "A" BEGIN UPDATE "B" SET x = NEW.x; END`]],
  [
    'both',
    [
      `one AFTER INSERT ON "B" BEGIN UPDATE "A" SET x = NEW.x; END`,
      `other AFTER DELETE ON "A" BEGIN DELETE FROM "B" WHERE x = OLD.x; END`,
      `own AFTER UPDATE ON "B" BEGIN SELECT count(*) FROM "A" JOIN "B"; END`,
    ],
  ],
])(
  'triggers remain if two tables are rebuilt and the trigger of %s names the other',
  async (_, triggers) => {
    const texts = triggers.map((text) => `CREATE TRIGGER ${text}`)
    const { kept, notKept, result } = await created(
      {
        history: `${TWO_TABLES}\n${texts.join(';\n')};`,
        models: TWO,
        rows: `INSERT INTO "A" (x) VALUES ('a'), (NULL)`,
      },
      async (session) => ({
        texts: await session.query(`SELECT sql FROM sqlite_schema WHERE type = 'trigger'`),
        rows: await session.query('SELECT x FROM "A"'),
      }),
    )
    expect(kept.filter((one) => one.startsWith('trigger'))).toHaveLength(triggers.length)
    expect(notKept).toEqual([])
    expect(result).toEqual({
      texts: texts.map((sql) => ({ sql })),
      rows: [{ x: 'a' }, { x: '-' }],
    })
  },
)

test('triggers of a table with a generated column remain', async () => {
  const { kept, notKept } = await created(
    {
      history: `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY, a TEXT, low TEXT AS (lower(a)));
CREATE TRIGGER changed AFTER UPDATE ON "T" BEGIN SELECT NEW.low; END;
CREATE TRIGGER named AFTER UPDATE OF a, low ON "T" BEGIN SELECT NEW.low; END;
CREATE TRIGGER computed AFTER UPDATE OF low ON "T" BEGIN SELECT OLD.low; END;`,
      models: `model T {\n  id Int @id\n  a String @default("")\n}\n`,
    },
    async () => undefined,
  )
  expect(kept.filter((one) => one.startsWith('trigger'))).toHaveLength(3)
  expect(notKept).toEqual([])
})

test('a trigger on a table that is rebuilt later causes no question about a rename', async () => {
  const history = `${TWO_TABLES} CREATE TRIGGER t AFTER INSERT ON "B" BEGIN UPDATE "A" SET x = NEW.x; END;`
  expect(await create([history], TWO, { noRename: false })).toMatchObject({ kind: 'written' })
})

test('a trigger that writes to a virtual table is unchanged if another table is rebuilt', async () => {
  const { kept, sql } = await created(
    {
      history: `${TWO_TABLES}\nCREATE VIRTUAL TABLE words USING fts5 (x);
CREATE TRIGGER t AFTER INSERT ON "B" BEGIN INSERT INTO words VALUES (NEW.x); END;`,
      models: TWO.replace(/(model B .*) @default\("-"\)/s, '$1').replace(
        /(model B .*String)/s,
        '$1?',
      ),
    },
    async () => undefined,
  )
  expect(kept).toEqual(['table words: virtual', 'table A: AUTOINCREMENT counter'])
  expect(sql).not.toContain('DROP TRIGGER')
})

test('the new table of a rebuild gets an unused name', async () => {
  const model = (name: string) => `model ${name} {\n  id Int @id\n  x String @default("-")\n}\n`
  const { notKept, sql, result } = await created(
    {
      history: `CREATE TABLE "user" (id INTEGER NOT NULL PRIMARY KEY, x TEXT);
CREATE TABLE "New_User" (id INTEGER NOT NULL PRIMARY KEY, x TEXT);
CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, x TEXT);
CREATE VIEW new_item AS SELECT 1 AS one;
CREATE TABLE box (id INTEGER NOT NULL PRIMARY KEY, x TEXT, new_box TEXT);
CREATE INDEX new_box ON item (x) WHERE x > '';`,
      models: `${['user', 'New_User', 'new_new_user', 'item'].map(model).join('')}
model box {\n  id Int @id\n  x String @default("-")\n  new_box String?\n}\n`,
      rows: `INSERT INTO "user" VALUES (1, NULL); INSERT INTO "New_User" VALUES (2, NULL); INSERT INTO box VALUES (3, NULL, 'same')`,
    },
    async (session) => [
      await session.query('SELECT * FROM "user"'),
      await session.query('SELECT * FROM "New_User"'),
      await session.query('SELECT * FROM box'),
      await session.query('SELECT * FROM new_item'),
    ],
  )
  expect(notKept).toEqual([])
  expect(sql).toContain('ALTER TABLE "new_new_new_user" RENAME TO "user"')
  expect(result).toEqual([
    [{ id: 1, x: '-' }],
    [{ id: 2, x: '-' }],
    [{ id: 3, x: '-', new_box: 'same' }],
    [{ one: 1 }],
  ])
})

test('a kept generated column or virtual table causes no question about a rename', async () => {
  const history = `CREATE TABLE "T" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, a TEXT, gone INTEGER, low TEXT AS (lower(a)) VIRTUAL, up TEXT AS (upper(a)) STORED);
CREATE VIRTUAL TABLE words USING fts5 (a, b);`
  const models = `model T {\n  id Int @id @default(autoincrement())\n  a String @default("")\n  nick String?\n}
model Other {\n  a String @id\n  b String\n}\n`
  const outcome = await create([history], models, { noRename: false })
  expect(said(outcome)).toMatchObject({
    kept: expect.arrayContaining(['column T.low: generated', 'column T.up: generated']),
    notKept: [],
  })
})

test('SQL that SQLite refuses is not written: a model with the name of a virtual table', async () => {
  const history = 'CREATE VIRTUAL TABLE words USING fts5 (a);'
  const models = 'model words {\n  a String @id\n}\n'
  await expect(create([history], models)).rejects.toMatchObject({
    failure: {
      code: 'CREATE.SQL_REFUSED',
      why: 'there is already another table or index with this name: words.',
    },
  })
})

const SEARCHED = `CREATE TABLE doc (id TEXT NOT NULL PRIMARY KEY, title TEXT, body TEXT);
CREATE TABLE note (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, title TEXT, body TEXT);
CREATE VIRTUAL TABLE docs USING fts5 (title, body, content='doc');
CREATE VIRTUAL TABLE notes USING fts5 (title, content='note', content_rowid='id');
CREATE VIRTUAL TABLE some_titles USING fts5 (title, content=note, content_rowid=id);
CREATE TRIGGER doc_in AFTER INSERT ON doc BEGIN INSERT INTO docs (rowid, title, body) VALUES (NEW.rowid, NEW.title, NEW.body); END;
CREATE TRIGGER doc_out AFTER DELETE ON doc BEGIN INSERT INTO docs (docs, rowid, title, body) VALUES ('delete', OLD.rowid, OLD.title, OLD.body);
  DELETE FROM note WHERE title = OLD.title; END;
CREATE TRIGGER note_in AFTER INSERT ON note BEGIN INSERT INTO notes (rowid, title) VALUES (NEW.id, NEW.title);
  INSERT INTO some_titles (rowid, title) SELECT NEW.id, d.title FROM doc d WHERE d.title = NEW.title; END;`

const SEARCHED_ROWS = `INSERT INTO doc VALUES ('a', 'apple', 'red'), ('b', 'banana', NULL), ('c', 'cherry', 'dark'); INSERT INTO note (title) VALUES ('cherry'), ('plum');
DELETE FROM doc WHERE id = 'a';`

const CHECK_INDEX = (name: string) =>
  `INSERT INTO ${name} (${name}, rank) VALUES ('integrity-check', 1)`

test('full-text indexes of rebuilt tables are built again if rowids or texts change', async () => {
  const { kept, notKept, sql, result } = await created(
    {
      history: SEARCHED,
      models: `model doc {\n  id String @id\n  title String @default("")\n  body String?\n}
model note {\n  id Int @id @default(autoincrement())\n  title String?\n  body String @default("")\n}\n`,
      rows: SEARCHED_ROWS,
    },
    async (session) => [
      ...(await refusing(session, [
        CHECK_INDEX('docs'),
        CHECK_INDEX('notes'),
        `DELETE FROM doc WHERE id = 'c'`,
        CHECK_INDEX('docs'),
      ])),
      await session.query(`SELECT rowid, title FROM docs('banana')`),
      await session.query('SELECT title FROM note'),
      // The index contains the words of only some rows, and this does not change.
      await session.query(`SELECT title FROM some_titles WHERE title MATCH 'plum'`),
    ],
  )
  expect(kept).toContain('table docs: its index is built again: the rebuild of doc changes rowids')
  expect(notKept).toEqual([])
  expect(sql).toContain(`-- RebuildFullText\nINSERT INTO "docs"("docs") VALUES('rebuild');\n`)
  expect(sql).not.toContain('INSERT INTO "notes"')
  expect(result).toEqual([
    ...Array.from({ length: 4 }, () => 'done'),
    [{ rowid: 1, title: 'banana' }],
    [{ title: 'plum' }],
    [],
  ])
})

test('a full-text index of texts that a rebuild computes is built again', async () => {
  const { kept, result } = await created(
    {
      history: SEARCHED,
      models: `model doc {\n  id String @id\n  title String?\n  body String?\n}
model note {\n  id Int @id @default(autoincrement())\n  title String @default("none")\n  body String?\n}\n`,
      rows: `${SEARCHED_ROWS} INSERT INTO note (body) VALUES ('no title')`,
    },
    async (session) => [
      ...(await refusing(session, [CHECK_INDEX('docs'), CHECK_INDEX('notes')])),
      await session.query(`SELECT rowid FROM notes('none')`),
    ],
  )
  expect(kept).toContain('table notes: its index is built again: the rebuild of note changes text')
  expect(kept.join()).not.toContain('docs: its index')
  expect(result).toEqual(['done', 'done', [{ rowid: 3 }]])
})

test('triggers of rebuilt tables that write to full-text indexes cause no question about a rename', async () => {
  const models = `model doc {\n  id String @id\n  title String @default("")\n  body String?\n  nick String?\n}
model note {\n  id Int @id @default(autoincrement())\n  title String @default("")\n  body String?\n}\n`
  expect(await create([SEARCHED], models, { noRename: false })).toMatchObject({ kind: 'written' })
})

test('a full-text index that reads a dropped column is named', async () => {
  const { notKept } = await created(
    {
      history: `CREATE TABLE doc (id TEXT NOT NULL PRIMARY KEY, title TEXT, body TEXT); CREATE VIRTUAL TABLE docs USING fts5 (title, body, content='doc');`,
      models: `model doc {\n  id String @id\n  title String @default("")\n}\n`,
    },
    async () => undefined,
  )
  expect(notKept).toEqual(['index | table docs | it names the column body, which is dropped'])
})
