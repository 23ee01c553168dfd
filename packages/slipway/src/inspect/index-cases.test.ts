import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspect, named } from '../../test/inspection.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'
import type { Inspection } from './index.ts'

// The cases share a database. Each creates its own schema, and inspects only that.

let target: TestTarget
let cases = 0

beforeAll(async () => {
  target = await createTarget()
})
afterAll(() => target.drop())

async function inspectCase(sql: string): Promise<Inspection> {
  const schema = `case_${++cases}`
  await target.sql(`CREATE SCHEMA ${schema}; SET search_path TO ${schema}; ${sql}`)
  return await inspect(target.url, { schemas: [schema] })
}

const PARENT = `CREATE TABLE parent (id int PRIMARY KEY, other int, UNIQUE (id, other));`

describe('foreign keys without an index', () => {
  const unindexed = async (sql: string) =>
    Object.keys(named(await inspectCase(PARENT + sql), 'foreign-key-unindexed'))
  const CHILD = `CREATE TABLE child (id int, parent_id int CONSTRAINT fk REFERENCES parent, name text);`

  test.each<[string, string, boolean]>([
    ['without an index', '', false],
    ['with an index', 'CREATE INDEX ON child (parent_id);', true],
    ['with an index that begins with its column', 'CREATE INDEX ON child (parent_id, id);', true],
    ['with an index that ends with its column', 'CREATE INDEX ON child (id, parent_id);', false],
    ['that is the primary key', 'ALTER TABLE child ADD PRIMARY KEY (parent_id);', true],
    ['with a hash index', 'CREATE INDEX ON child USING hash (parent_id);', false],
    ['with an expression', 'CREATE INDEX ON child ((parent_id + 0));', false],
    ['with a partial index', 'CREATE INDEX ON child (parent_id) WHERE id > 3;', false],
    [
      'with a partial index of all non-NULL values',
      'CREATE INDEX ON child (parent_id) WHERE parent_id IS NOT NULL;',
      true,
    ],
    ['that is only in INCLUDE', 'CREATE INDEX ON child (id) INCLUDE (parent_id);', false],
    [
      'with an invalid index',
      `CREATE INDEX bad ON child (parent_id); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass;`,
      false,
    ],
  ])('a key %s', async (_what, sql, covered) => {
    expect(await unindexed(CHILD + sql)).toEqual(covered ? [] : ['fk'])
  })

  test.each<[string, string, boolean]>([
    ['in its order', '(a, b)', true],
    ['in another order', '(b, a)', true],
    ['with a column before them', '(id, a, b)', false],
    ['with only one of them', '(a)', false],
    ['with another column between them', '(a, id, b)', false],
  ])('a key of two columns: an index %s', async (_what, columns, covered) => {
    const child = `CREATE TABLE child (id int, a int, b int, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES parent (id, other));`
    expect(await unindexed(`${child} CREATE INDEX ON child ${columns};`)).toEqual(
      covered ? [] : ['fk'],
    )
  })
})

describe('duplicate indexes', () => {
  const TABLE = 'CREATE TABLE t (a int NOT NULL, b int, c text, d text[]);'
  test.each<[string, string, string[]]>([
    ['equal ones: the later name', 'CREATE INDEX x ON t (a); CREATE INDEX y ON t (a)', ['y']],
    [
      'three of them',
      'CREATE INDEX x ON t (a); CREATE INDEX y ON t (a); CREATE INDEX z ON t (a)',
      ['y', 'z'],
    ],
    ['the beginning of another', 'CREATE INDEX x ON t (a); CREATE INDEX y ON t (a, b)', ['x']],
    ['the end of another', 'CREATE INDEX x ON t (b); CREATE INDEX y ON t (a, b)', []],
    ['another direction', 'CREATE INDEX x ON t (a); CREATE INDEX y ON t (a DESC)', []],
    ['another order of NULLs', 'CREATE INDEX x ON t (b); CREATE INDEX y ON t (b NULLS FIRST)', []],
    [
      'another operator class',
      'CREATE INDEX x ON t (c); CREATE INDEX y ON t (c text_pattern_ops)',
      [],
    ],
    ['another collation', 'CREATE INDEX x ON t (c); CREATE INDEX y ON t (c COLLATE "POSIX")', []],
    ['another method', 'CREATE INDEX x ON t (a); CREATE INDEX y ON t USING hash (a)', []],
    [
      'equal ones of a method other than btree',
      'CREATE INDEX x ON t USING gin (d); CREATE INDEX y ON t USING gin (d)',
      ['y'],
    ],
    [
      'the beginning of a brin index, which has no order',
      'CREATE INDEX x ON t USING brin (a); CREATE INDEX y ON t USING brin (a, b)',
      [],
    ],
    [
      'another predicate',
      'CREATE INDEX x ON t (a) WHERE b > 1; CREATE INDEX y ON t (a) WHERE b > 2',
      [],
    ],
    ['one with a predicate', 'CREATE INDEX x ON t (a); CREATE INDEX y ON t (a) WHERE b > 2', []],
    [
      'the same predicate',
      'CREATE INDEX x ON t (a) WHERE b>1; CREATE INDEX y ON t (a, c) WHERE (b > 1)',
      ['x'],
    ],
    [
      'the same expression',
      'CREATE INDEX x ON t (lower(c)); CREATE INDEX y ON t ((lower(c)))',
      ['y'],
    ],
    ['another expression', 'CREATE INDEX x ON t (lower(c)); CREATE INDEX y ON t (upper(c))', []],
    [
      'a column and an expression of its name',
      "CREATE INDEX x ON t (c); CREATE INDEX y ON t ((c || ''))",
      [],
    ],
    [
      'the same INCLUDE column',
      'CREATE INDEX x ON t (a) INCLUDE (b); CREATE INDEX y ON t (a) INCLUDE (b, c)',
      ['x'],
    ],
    [
      'an INCLUDE column that is a key column of the other',
      'CREATE INDEX x ON t (a) INCLUDE (b); CREATE INDEX y ON t (a, b)',
      ['x'],
    ],
    [
      'an INCLUDE column of only one',
      'CREATE INDEX x ON t (a) INCLUDE (b); CREATE INDEX y ON t (a, c)',
      [],
    ],
    [
      'next to the primary key',
      'ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a); CREATE INDEX y ON t (a)',
      ['y'],
    ],
    [
      'a unique one at the beginning of another',
      'CREATE UNIQUE INDEX x ON t (a); CREATE INDEX y ON t (a, b)',
      [],
    ],
    [
      'one at the beginning of a unique one',
      'CREATE INDEX x ON t (a); CREATE UNIQUE INDEX y ON t (a, b)',
      ['x'],
    ],
    [
      'a constraint and a unique index',
      'ALTER TABLE t ADD CONSTRAINT k UNIQUE (a); CREATE UNIQUE INDEX b ON t (a)',
      ['b'],
    ],
    [
      'a constraint and a plain index',
      'ALTER TABLE t ADD CONSTRAINT k UNIQUE (b); CREATE INDEX a ON t (b)',
      ['a'],
    ],
    [
      'two constraints: the primary key stays',
      'ALTER TABLE t ADD CONSTRAINT a UNIQUE (a), ADD CONSTRAINT b PRIMARY KEY (a)',
      ['a'],
    ],
    [
      'a deferrable constraint',
      'ALTER TABLE t ADD CONSTRAINT k UNIQUE (b), ADD CONSTRAINT l UNIQUE (b) DEFERRABLE',
      [],
    ],
    [
      'a constraint that a foreign key relies on',
      'ALTER TABLE t ADD CONSTRAINT l UNIQUE (b); CREATE TABLE r (b int REFERENCES t (b)); CREATE INDEX ON r (b); ALTER TABLE t ADD CONSTRAINT k UNIQUE (b)',
      ['k'],
    ],
    [
      'exclusions',
      'ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING hash (a WITH =); CREATE INDEX y ON t USING hash (a)',
      ['y'],
    ],
    [
      'an invalid one makes none unnecessary',
      `CREATE INDEX x ON t (a); CREATE INDEX y ON t (a, b); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'y'::regclass`,
      [],
    ],
  ])('%s', async (_what, sql, expected) => {
    const found = named(await inspectCase(`${TABLE} ${sql}`), 'index-duplicate')
    expect(Object.keys(found)).toEqual(expected)
  })
})
