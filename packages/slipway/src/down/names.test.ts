import { beforeAll, expect, test } from 'vitest'
import { schemaNames } from '../project/index.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { inverse, type NameChange, readNameChange, type Rename, renameSql } from './rename.ts'

beforeAll(loadParser)

function changeBy(sql: string): NameChange | undefined {
  return parseStatements(sql).flatMap((statement) => readNameChange(statement, 'public') ?? [])[0]
}

const RENAMES: readonly Rename[] = [
  { kind: 'table', schema: 'public', from: 'User', to: 'my "users"' },
  { kind: 'index', schema: 'auth', from: 'a', to: 'b' },
  { kind: 'type', schema: 'public', from: 'Status', to: 'State' },
  { kind: 'column', schema: 'auth', table: 'User', from: 'to', to: 'x.y' },
  { kind: 'constraint', schema: 'public', table: 'User', from: 'User_pkey', to: 'Person_pkey' },
  { kind: 'enum-value', schema: 'public', type: 'Status', from: "it's", to: 'NEW' },
]

test.each(RENAMES)(
  'a rename of a $kind is read as it was written, and its inverse undoes it',
  (rename) => {
    expect(changeBy(renameSql(rename, true))).toEqual(rename)
    expect(inverse(inverse(rename))).toEqual(rename)
  },
)

test.each([
  [
    'alter table if exists only Users rename Name to full_name',
    { kind: 'column', table: 'users', from: 'name', to: 'full_name' },
  ],
  [
    'ALTER TABLE auth . "User"\n  RENAME\n  TO Person',
    { kind: 'table', schema: 'auth', from: 'User', to: 'person' },
  ],
  [
    'ALTER TABLE größe RENAME COLUMN höhe TO "Höhe"',
    { kind: 'column', table: 'größe', from: 'höhe', to: 'Höhe' },
  ],
  [
    'ALTER TABLE users RENAME /* as asked */ COLUMN -- here\n name TO U&"full\\005Fname"',
    { kind: 'column', table: 'users', from: 'name', to: 'full_name' },
  ],
])('%s', (sql, rename) => {
  expect(changeBy(sql)).toMatchObject(rename)
})

test.each([
  ['ALTER TABLE "Note" SET SCHEMA archive', 'ALTER TABLE "archive"."Note" SET SCHEMA "public"'],
  [
    'alter materialized\n view if exists a."B" set schema "C"',
    'ALTER MATERIALIZED VIEW "C"."B" SET SCHEMA "a"',
  ],
])('%s is rolled back by %s', (sql, back) => {
  const move = changeBy(sql)
  expect(move && renameSql(inverse(move), true)).toBe(back)
})

test.each([
  'ALTER TABLE a ADD COLUMN rename TEXT',
  'ALTER VIEW a RENAME TO b',
  "SELECT 'ALTER TABLE a RENAME TO b'",
])('%s is not a rename that we roll back', (sql) => {
  expect(changeBy(sql)).toBeUndefined()
})

const SCHEMA = `
// model Old { }
model User {
  id    Int    @id // @map("no")
  email String @default("}// { @map(\\"x\\")") @map("e_mail")
  posts Post[]

  @@map(name: "users")
  @@schema("auth")
}
enum Role {
  ADMIN @map("admin")
  USER

  @@map("role")
}
`

test('the names of a schema and what they are in the database', () => {
  const { models, enums, qualified } = schemaNames(
    [{ path: 'schema.prisma', content: SCHEMA }],
    'public',
  )
  expect(qualified).toBe(true)
  expect(models).toEqual([
    {
      name: 'User',
      mapped: 'users',
      schema: 'auth',
      members: [
        { name: 'id', mapped: 'id' },
        { name: 'email', mapped: 'e_mail' },
        { name: 'posts', mapped: 'posts' },
      ],
    },
  ])
  expect(enums).toEqual([
    {
      name: 'Role',
      mapped: 'role',
      schema: 'public',
      members: [
        { name: 'ADMIN', mapped: 'admin' },
        { name: 'USER', mapped: 'USER' },
      ],
    },
  ])
})
