import { beforeAll, expect, test } from 'vitest'
import type { Action } from '../action.ts'
import { destructionsBy } from '../destruction.ts'
import { parseStatements } from './parse-statements.ts'
import { loadParser } from './parser.ts'

beforeAll(loadParser)

function actionOf(sql: string): Action | undefined {
  return parseStatements(`-- ä comment in front\nSELECT 'ü';\n${sql}`)[1]?.actions[0]
}

const users = { name: 'users' }

test.each<[string, object]>([
  [
    'ALTER TABLE users ADD COLUMN n integer NOT NULL DEFAULT 5 CHECK (n > (1 + 2)) REFERENCES o(id)',
    {
      kind: 'add-column',
      table: users,
      ifNotExists: false,
      column: {
        name: 'n',
        type: 'integer',
        notNull: true,
        default: { kind: 'constant' },
        constraints: [
          { kind: 'check', columns: ['n'], notValid: false, expression: 'n > (1 + 2)' },
          {
            kind: 'foreign-key',
            columns: ['n'],
            notValid: false,
            references: { table: { name: 'o' }, columns: ['id'] },
          },
        ],
      },
    },
  ],
  [
    'ALTER TABLE users ADD COLUMN id uuid DEFAULT gen_random_uuid()',
    { column: { default: { kind: 'volatile', function: 'gen_random_uuid' } } },
  ],
  [
    `ALTER TABLE users ADD COLUMN code text DEFAULT app.lower('A')`,
    { column: { default: { kind: 'volatile', function: 'lower' } } },
  ],
  [
    `ALTER TABLE users ADD COLUMN code text DEFAULT pg_catalog.lower('A')`,
    { column: { default: { kind: 'constant' } } },
  ],
  [
    'ALTER TABLE users ADD COLUMN "year" integer DEFAULT extract(year FROM now())',
    { column: { default: { kind: 'constant' } } },
  ],
  [
    'ALTER TABLE users ADD COLUMN n integer NOT NULL DEFAULT NULL',
    { column: { name: 'n', type: 'integer', notNull: true, constraints: [] } },
  ],
  ['ALTER TABLE users ALTER place TYPE geometry(Point, 4326)', { type: 'geometry(point,4326)' }],
  [
    'ALTER TABLE users ADD COLUMN at timestamptz(3) DEFAULT CURRENT_TIMESTAMP',
    { column: { type: 'timestamp(3) with time zone', default: { kind: 'constant' } } },
  ],
  [
    'ALTER TABLE users ADD COLUMN id bigserial',
    { column: { type: 'bigint', filledBy: 'serial', notNull: true } },
  ],
  [
    'ALTER TABLE users ADD COLUMN b int GENERATED ALWAYS AS (a * 2) STORED',
    { column: { filledBy: 'stored' } },
  ],
  [
    'ALTER TABLE users ALTER COLUMN tags TYPE "Mood"[] USING (tags::text::"Mood"[]), DROP COLUMN x',
    { kind: 'change-type', column: 'tags', type: 'Mood[]', using: '(tags::text::"Mood"[])' },
  ],
  [
    'ALTER TABLE users ALTER a TYPE "Mood" USING CAST("a"::varchar(3) AS "Mood")',
    { kind: 'change-type', casts: ['character varying(3)', 'Mood'] },
  ],
  ['ALTER TABLE users ALTER a TYPE int USING a', { casts: [] }],
  ['ALTER TABLE users ALTER a TYPE int USING b::int', { using: 'b::int' }],
  [
    'ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0) NOT VALID',
    { kind: 'add-constraint', constraint: { kind: 'check', name: 'positive', notValid: true } },
  ],
  [
    'ALTER TABLE users ADD CONSTRAINT k UNIQUE USING INDEX i',
    { constraint: { kind: 'unique', usingIndex: 'i' } },
  ],
  [
    'ALTER TABLE users ADD EXCLUDE USING gist (during WITH &&) WHERE (a > 1)',
    {
      constraint: { kind: 'exclusion', exclusion: 'USING gist (during WITH &&) WHERE (a > 1)' },
    },
  ],
  [
    'CREATE UNIQUE INDEX CONCURRENTLY i ON s.users (a, lower(b)) WHERE deleted IS NULL',
    {
      kind: 'create-index',
      name: 'i',
      table: { schema: 's', name: 'users' },
      unique: true,
      concurrently: true,
      columns: ['a', ''],
      keys: ['a', 'lower(b)'],
      where: 'deleted IS NULL',
    },
  ],
  [
    `CREATE INDEX "ON" ON users ((a || ',(') DESC NULLS LAST, coalesce(b, 'x') ASC) INCLUDE (c)`,
    { columns: ['', ''], keys: [`(a || ',(')`, `coalesce(b, 'x')`] },
  ],
  [
    'ALTER TABLE users ADD UNIQUE NULLS NOT DISTINCT (a)',
    { constraint: { kind: 'unique', columns: ['a'], nullsEqual: true } },
  ],
  [
    `UPDATE users SET a = 1, b = (SELECT 2 WHERE true) WHERE id IN (SELECT 3) RETURNING id`,
    { kind: 'update', columns: ['a', 'b'], where: 'id IN (SELECT 3)' },
  ],
  ['DELETE FROM users', { kind: 'delete', table: users }],
  [
    `MERGE INTO users USING b ON b.id = users.id WHEN MATCHED AND b.x THEN UPDATE SET a = 1, c = 2`,
    { kind: 'update', table: users, columns: ['a', 'c'] },
  ],
  [
    'TRUNCATE users, b CASCADE',
    { kind: 'truncate', tables: [users, { name: 'b' }], cascade: true },
  ],
  [
    'DROP TABLE IF EXISTS s.users CASCADE',
    { kind: 'drop', of: 'table', object: { schema: 's', name: 'users' }, cascade: true },
  ],
  ['DROP INDEX CONCURRENTLY i', { kind: 'drop-index', index: { name: 'i' }, concurrently: true }],
  ['DROP TRIGGER t ON s.users', { kind: 'drop-on-table', of: 'trigger', name: 't' }],
  [
    'ALTER TABLE users RENAME COLUMN a TO b',
    { kind: 'rename', of: 'column', table: users, from: 'a', to: 'b' },
  ],
  [`ALTER TYPE mood RENAME VALUE 'a' TO 'b'`, { of: 'enum-value', type: { name: 'mood' } }],
  ['ALTER TABLE users RENAME TO people', { of: 'table', from: 'users', to: 'people' }],
  ['ALTER SCHEMA a RENAME TO b', { of: 'schema', from: 'a', to: 'b' }],
  [
    'alter table if exists only Users rename Name to full_name',
    { of: 'column', table: { name: 'users' }, from: 'name', to: 'full_name' },
  ],
  [
    'ALTER TABLE auth . "User"\n  RENAME\n  TO Person',
    { of: 'table', schema: 'auth', from: 'User', to: 'person' },
  ],
  [
    'ALTER TABLE größe RENAME COLUMN höhe TO "Höhe"',
    { of: 'column', table: { name: 'größe' }, from: 'höhe', to: 'Höhe' },
  ],
  [
    'ALTER TABLE users RENAME /* as asked */ COLUMN -- here\n name TO U&"full\\005Fname"',
    { of: 'column', table: users, from: 'name', to: 'full_name' },
  ],
  [`ALTER TYPE mood ADD VALUE 'x'`, { kind: 'add-enum-value', value: 'x' }],
  ['ALTER TABLE users DISABLE ROW LEVEL SECURITY', { kind: 'row-security', enabled: false }],
  [
    'ALTER TABLE users DETACH PARTITION p CONCURRENTLY',
    { kind: 'detach-partition', concurrently: true },
  ],
  ['ALTER TABLE users SET (fillfactor = 70)', { subcommand: 'AT_SetRelOptions' }],
  ['GRANT SELECT ON users TO PUBLIC', { kind: 'grant', toPublic: true, of: 'table' }],
  ['VACUUM (FULL, ANALYZE) users', { kind: 'vacuum', full: true, table: users }],
  ['DO $$ BEGIN END $$', { kind: 'opaque' }],
  ['COMMENT ON TABLE users IS $$x$$', { kind: 'other', statement: 'CommentStmt' }],
])('%s', (sql, action) => {
  expect(actionOf(sql)).toMatchObject(action)
})

test('a statement also does what the queries of its WITH do', () => {
  const [statement] = parseStatements(
    'WITH gone AS (DELETE FROM a WHERE x > 1 RETURNING *), other AS (UPDATE b SET y = 1) INSERT INTO c SELECT * FROM gone',
  )
  expect(statement?.actions).toMatchObject([
    { kind: 'insert', table: { name: 'c' } },
    { kind: 'delete', table: { name: 'a' } },
    { kind: 'update', table: { name: 'b' }, columns: ['y'] },
  ])
  expect(statement?.actions.some((action) => 'touches' in action)).toBe(false)
  expect(statement?.actions.flatMap((action) => destructionsBy(action, 'public'))).toEqual([
    { what: 'rows', object: { kind: 'table', schema: null, name: 'a' } },
  ])
})

test.each([
  'CREATE TABLE b AS WITH gone AS (DELETE FROM a RETURNING *) SELECT * FROM gone',
  'EXPLAIN (ANALYZE) DELETE FROM a',
  'COPY (DELETE FROM a RETURNING *) TO STDOUT',
])('%s also deletes rows', (sql) => {
  expect(parseStatements(sql)[0]?.actions).toContainEqual({ kind: 'delete', table: { name: 'a' } })
})

test('EXPLAIN without ANALYZE deletes nothing', () => {
  const [statement] = parseStatements('EXPLAIN (ANALYZE off) DELETE FROM a')
  expect(statement?.actions).toEqual([{ kind: 'other', statement: 'ExplainStmt' }])
})

test('an ALTER TABLE has an action for each subcommand', () => {
  const [statement] = parseStatements('ALTER TABLE a DROP COLUMN x, ALTER y SET NOT NULL')
  expect(statement?.actions).toEqual([
    { kind: 'drop-column', table: { name: 'a' }, column: 'x', cascade: false },
    { kind: 'set-not-null', table: { name: 'a' }, column: 'y' },
  ])
})
