import { beforeAll, expect, test } from 'vitest'
import { schemaNames } from '../project/index.ts'
import { loadParser, parseStatements } from '../statements/index.ts'
import { inverse, type Rename, renameSql } from './rename.ts'

beforeAll(loadParser)

const RENAMES: readonly Rename[] = [
  { kind: 'table', schema: 'public', from: 'User', to: 'my "users"' },
  { kind: 'index', schema: 'auth', from: 'a', to: 'b' },
  { kind: 'type', schema: 'public', from: 'Status', to: 'State' },
  { kind: 'column', schema: 'auth', table: 'User', from: 'to', to: 'x.y' },
  { kind: 'constraint', schema: 'public', table: 'User', from: 'User_pkey', to: 'Person_pkey' },
  { kind: 'enum-value', schema: 'public', type: 'Status', from: "it's", to: 'NEW' },
]

test.each(RENAMES)(
  'a rename of a $kind is read as written, and its inverse undoes it',
  (rename) => {
    const { from, to, kind } = rename
    const [statement] = parseStatements(renameSql(rename, true))
    expect(statement?.actions).toEqual([
      expect.objectContaining({ kind: 'rename', of: kind, from, to }),
    ])
    expect(inverse(inverse(rename))).toEqual(rename)
  },
)

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

test('the names of a Prisma schema and their names in the database', () => {
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
