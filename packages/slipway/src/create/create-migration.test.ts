import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createDatabase } from '../../test/postgres.ts'
import { prismaCli } from '../../test/prisma.ts'
import { writeProject } from '../../test/project.ts'
import { SHADOW } from '../../test/target.ts'
import type { Grade } from '../down/index.ts'
import { failureOf } from '../kernel/index.ts'
import { readMigrations } from '../project/index.ts'
import { choiceText } from '../schema/index.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import { destructionText, objectText } from '../statements/index.ts'
import { createMigration, type CreateRequest, type CreateOutcome } from './create-migration.ts'
import type { AskRenames } from './draft.ts'
import { keepInexpressible } from './keep-inexpressible.ts'

const HEAD = 'datasource db {\n  provider = "postgresql"\n}\n\n'
const USER = `
CREATE TABLE "User" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, "name" TEXT, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
`
const POST = `
CREATE TABLE "Post" ("id" SERIAL NOT NULL, "userId" INTEGER NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
CREATE INDEX "Post_userId_idx" ON "Post"("userId");
ALTER TABLE "Post" ADD CONSTRAINT "Post_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
`
const TASK = `
CREATE TYPE "Status" AS ENUM ('OPEN', 'DONE');
CREATE TABLE "Task" ("id" SERIAL NOT NULL, "status" "Status" NOT NULL DEFAULT 'OPEN', CONSTRAINT "Task_pkey" PRIMARY KEY ("id"));
`
const BY_HAND = `
CREATE INDEX "named" ON "User"("name") WHERE id > 3;
CREATE INDEX "lower" ON "User"(lower("name"));
CREATE INDEX "covering" ON "User"("email") INCLUDE ("id");
ALTER TABLE "User" ADD CONSTRAINT "positive" CHECK (id > 0);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE "User" ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON "User" USING (id > 1);
CREATE VIEW users AS SELECT id FROM "User";
`

const user = (fields = 'name String?', rest = '') =>
  `model User {\n  id Int @id @default(autoincrement())\n  email String @unique\n  ${fields}\n  ${rest}\n}\n`
const task = (values: string, initial: string) =>
  `enum Status {\n  ${values}\n}\nmodel Task {\n  id Int @id @default(autoincrement())\n  status Status @default(${initial})\n}\n`

type Extra = Partial<CreateRequest>

function newMigrationsDir(): string {
  return path.join(mkdtempSync(path.join(tmpdir(), 'slipway-create-')), 'migrations')
}

async function create(
  history: string,
  models: string,
  extra: Extra = {},
  ask?: AskRenames,
): Promise<CreateOutcome> {
  const { migrationsDir = newMigrationsDir() } = extra
  if (history !== '') {
    const folder = path.join(migrationsDir, '1_history')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'migration.sql'), history)
  }
  return await createMigration(
    {
      files: [{ path: 'schema.prisma', content: HEAD + models }],
      migrationsDir,
      history: history === '' ? [] : [{ name: '1_history', sql: history }],
      shadow: SHADOW,
      name: 'next step',
      now: new Date('2026-11-21T01:02:03.456Z'),
      ...extra,
    },
    ask,
  )
}

async function written(...given: Parameters<typeof create>) {
  const outcome = await create(...given)
  if (outcome.kind !== 'written' || !outcome.down)
    return expect.unreachable(`it is ${outcome.kind}`)
  return { ...outcome, down: outcome.down }
}

async function failure(...given: Parameters<typeof create>) {
  const error = await create(...given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const found = failureOf(error)
  return found ?? expect.unreachable(String(error))
}

/** Only the statements, one line each. */
function body(sql: string): string[] {
  return sql
    .replaceAll(/\/\*[\s\S]*?\*\/|^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .filter((part) => part !== '')
}

interface Scenario {
  readonly title: string
  readonly history: string
  readonly models: string
  readonly extra?: Extra
  readonly up: readonly string[]
  readonly down: readonly string[]
  readonly grade: Grade
  readonly losses?: readonly string[]
  readonly choices?: readonly string[]
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a column dropped with the objects that were added to it by hand',
    history: USER + BY_HAND,
    models: user(''),
    up: ['ALTER TABLE "User" DROP COLUMN "name"'],
    down: [
      'ALTER TABLE "User" ADD COLUMN "name" text',
      'CREATE INDEX lower ON "User" USING btree (lower(name))',
      'CREATE INDEX named ON "User" USING btree (name) WHERE (id > 3)',
    ],
    grade: 'lossless (kept)',
    losses: ['column User.name'],
  },
  {
    title: 'a required column on an existing table',
    history: USER,
    models: user('name String\n  age Int'),
    up: ['ALTER TABLE "User" ADD COLUMN "age" INTEGER NOT NULL, ALTER COLUMN "name" SET NOT NULL'],
    down: [
      'ALTER TABLE "User" DROP COLUMN "age"',
      'ALTER TABLE "User" ALTER COLUMN "name" DROP NOT NULL',
    ],
    grade: 'not proven',
  },
  {
    title: 'a required column dropped',
    history: `${USER}ALTER TABLE "User" ADD COLUMN "age" INTEGER NOT NULL;`,
    models: user(),
    up: ['ALTER TABLE "User" DROP COLUMN "age"'],
    down: ['ALTER TABLE "User" ADD COLUMN "age" integer NOT NULL'],
    grade: 'lossless (kept)',
    losses: ['column User.age'],
    choices: [
      'column User.age is restored as NOT NULL without a default: this fails if a row has no value for it',
    ],
  },
  {
    title: 'an enum value added',
    history: TASK,
    models: task('OPEN\n  DONE\n  LATE', 'LATE'),
    up: [
      `ALTER TYPE "Status" ADD VALUE 'LATE'`,
      `ALTER TABLE "Task" ALTER COLUMN "status" SET DEFAULT 'LATE'`,
    ],
    down: [
      'ALTER TABLE "Task" ALTER COLUMN "status" DROP DEFAULT',
      'ALTER TYPE "Status" RENAME TO "Status__pgdelta_replaced"',
      `CREATE TYPE "Status" AS ENUM ('OPEN', 'DONE')`,
      'ALTER TABLE "Task" ALTER COLUMN "status" TYPE "Status" USING "status"::text::"Status"',
      'DROP TYPE "Status__pgdelta_replaced"',
      `ALTER TABLE "Task" ALTER COLUMN "status" SET DEFAULT 'OPEN'::"Status"`,
    ],
    grade: 'lossless',
    choices: ["type Status loses 'LATE': rows that use it make this fail"],
  },
  {
    title: 'an enum value removed',
    history: TASK,
    models: task('DONE', 'DONE'),
    up: [
      'BEGIN',
      `CREATE TYPE "Status_new" AS ENUM ('DONE')`,
      'ALTER TABLE "public"."Task" ALTER COLUMN "status" DROP DEFAULT',
      'ALTER TABLE "Task" ALTER COLUMN "status" TYPE "Status_new" USING ("status"::text::"Status_new")',
      'ALTER TYPE "Status" RENAME TO "Status_old"',
      'ALTER TYPE "Status_new" RENAME TO "Status"',
      'DROP TYPE "public"."Status_old"',
      `ALTER TABLE "Task" ALTER COLUMN "status" SET DEFAULT 'DONE'`,
      'COMMIT',
      `ALTER TABLE "Task" ALTER COLUMN "status" SET DEFAULT 'DONE'`,
    ],
    down: [
      `ALTER TYPE "Status" ADD VALUE 'OPEN' BEFORE 'DONE'`,
      `ALTER TABLE "public"."Task" ALTER COLUMN "status" SET DEFAULT 'OPEN'::"Status"`,
    ],
    grade: 'lossless',
  },
  {
    title: 'columns renamed, with their constraints and indexes, one of them mapped',
    history: USER + POST,
    models: `${user('fullName String? @map("full_name")', 'posts Post[]')}
model Post {
  id Int @id @default(autoincrement())
  authorId Int
  author User @relation(fields: [authorId], references: [id])
  @@index([authorId])
}`,
    extra: { renames: ['User.name=fullName', 'Post.userId=authorId'] },
    up: [
      'ALTER TABLE "User" RENAME COLUMN "name" TO "full_name"',
      'ALTER TABLE "Post" RENAME COLUMN "userId" TO "authorId"',
      'ALTER TABLE "Post" RENAME CONSTRAINT "Post_userId_fkey" TO "Post_authorId_fkey"',
      'ALTER INDEX "Post_userId_idx" RENAME TO "Post_authorId_idx"',
    ],
    down: [
      'ALTER INDEX "Post_authorId_idx" RENAME TO "Post_userId_idx"',
      'ALTER TABLE "Post" RENAME COLUMN "authorId" TO "userId"',
      'ALTER TABLE "Post" RENAME CONSTRAINT "Post_authorId_fkey" TO "Post_userId_fkey"',
      'ALTER TABLE "User" RENAME COLUMN "full_name" TO "name"',
    ],
    grade: 'lossless',
  },
  {
    title: 'a model renamed to one with a mapped table, and a field in it',
    history: USER,
    models:
      'model Person {\n  id Int @id @default(autoincrement())\n  email String @unique\n  nick String?\n  @@map("people")\n}',
    extra: { renames: ['Person.name=nick', 'User=Person'] },
    up: [
      'ALTER TABLE "User" RENAME TO "people"',
      'ALTER TABLE "people" RENAME COLUMN "name" TO "nick"',
      'ALTER TABLE "people" RENAME CONSTRAINT "User_pkey" TO "people_pkey"',
      'ALTER INDEX "User_email_key" RENAME TO "people_email_key"',
    ],
    down: [
      'ALTER TABLE "people" RENAME TO "User"',
      'ALTER INDEX "people_email_key" RENAME TO "User_email_key"',
      'ALTER INDEX "people_pkey" RENAME TO "User_pkey"',
      'ALTER TABLE "User" RENAME COLUMN "nick" TO "name"',
    ],
    grade: 'lossless',
  },
  {
    title: 'an enum value renamed',
    history: TASK,
    models: task('NEW\n  DONE', 'NEW'),
    extra: { renames: ['Status.OPEN=NEW'] },
    up: [`ALTER TYPE "Status" RENAME VALUE 'OPEN' TO 'NEW'`],
    down: [`ALTER TYPE "Status" RENAME VALUE 'NEW' TO 'OPEN'`],
    grade: 'lossless',
  },
  {
    title: 'an enum renamed',
    history: TASK,
    models: task('OPEN\n  DONE', 'OPEN').replaceAll('Status ', 'State '),
    extra: { renames: ['Status=State'] },
    up: ['ALTER TYPE "Status" RENAME TO "State"'],
    down: ['ALTER TYPE "State" RENAME TO "Status"'],
    grade: 'lossless',
  },
  {
    title: 'a drop and an addition that are not a rename',
    history: USER,
    models: user('fullName String?'),
    extra: { noRename: true },
    up: ['ALTER TABLE "User" DROP COLUMN "name", ADD COLUMN "fullName" TEXT'],
    down: [
      'ALTER TABLE "User" DROP COLUMN "fullName"',
      'ALTER TABLE "User" ADD COLUMN "name" text',
    ],
    grade: 'lossless (kept)',
    losses: ['column User.name'],
  },
  {
    title: 'a column dropped and added with the same name and another type',
    history: USER,
    models: user('name Int?'),
    up: ['ALTER TABLE "User" DROP COLUMN "name", ADD COLUMN "name" INTEGER'],
    down: ['ALTER TABLE "User" DROP COLUMN "name"', 'ALTER TABLE "User" ADD COLUMN "name" text'],
    grade: 'lossless (kept)',
    losses: ['column User.name'],
  },
  {
    title: 'a column with a larger number type, whose values may not fit after a rollback',
    history: USER.replace('"name" TEXT', '"name" INTEGER'),
    models: user('name BigInt?'),
    up: ['ALTER TABLE "User" ALTER COLUMN "name" SET DATA TYPE BIGINT'],
    down: ['ALTER TABLE "User" ALTER COLUMN "name" TYPE integer USING "name"::integer'],
    grade: 'lossless',
    choices: [
      'column User.name changes from bigint to integer: values that do not fit are rejected, truncated or rounded',
    ],
  },
]

test.each(SCENARIOS)(
  '$title',
  async ({ history, models, extra, up, down, grade, losses = [], choices = [] }) => {
    const outcome = await written(history, models, extra)
    expect(body(outcome.sql)).toEqual(up)
    expect(body(outcome.down.sql)).toEqual(down)
    expect(outcome.down).toMatchObject({ proven: true, grade, notRestored: [] })
    expect(outcome.down.losses.map(destructionText)).toEqual(losses)
    expect(outcome.down.choices.map(choiceText)).toEqual(choices)
    expect(readFileSync(outcome.path, 'utf8')).toBe(outcome.sql)
    expect(readFileSync(outcome.down.path, 'utf8')).toBe(outcome.down.sql)
  },
)

test('objects that the schema cannot express are kept, and nothing is written for them', async () => {
  const outcome = await create(USER + BY_HAND, user())
  expect(outcome).toEqual({
    kind: 'nothing-to-do',
    kept: [{ object: { kind: 'index', schema: null, name: 'covering' }, reason: 'INCLUDE' }],
    notKept: [],
  })
})

test('a partitioned table, a generated column and an enum that a function uses are kept when something else changes', async () => {
  const history = `${USER}${TASK}
ALTER TABLE "User" ADD COLUMN "upper" TEXT GENERATED ALWAYS AS (upper("email")) STORED;
CREATE TABLE "log" ("id" INT NOT NULL, "at" DATE NOT NULL, PRIMARY KEY ("id", "at")) PARTITION BY RANGE ("at");
CREATE TABLE "log_1" PARTITION OF "log" DEFAULT;
DROP TABLE "Task";
CREATE FUNCTION open() RETURNS "Status" LANGUAGE sql AS $$ SELECT 'OPEN'::"Status" $$;`
  const { sql, kept, down } = await written(history, user('name String', 'upper String?'))
  expect(body(sql)).toEqual(['ALTER TABLE "User" ALTER COLUMN "name" SET NOT NULL'])
  expect(kept.map(({ object }) => objectText(object))).toEqual([
    'column User.upper',
    'table log',
    'type Status',
  ])
  expect(sql).toContain('-- slipway: kept table log (partitioned)')
  expect(sql).not.toContain('drop the `log` table')
  expect(down.grade).toBe('lossless')
})

test('an index that was refined by hand is kept, and one whose key the schema changes is rebuilt', async () => {
  const history = `${USER}CREATE INDEX "User_name_email_idx" ON "User"("name", "email" DESC) INCLUDE ("id") WITH (fillfactor = 90);`
  const indexed = (key: string) =>
    user('name String?', `@@index([${key}], map: "User_name_email_idx")`)
  expect(await create(history, indexed('name, email(sort: Desc)'))).toEqual({
    kind: 'nothing-to-do',
    kept: [
      { object: { kind: 'index', schema: null, name: 'User_name_email_idx' }, reason: 'INCLUDE' },
    ],
    notKept: [],
  })
  const { sql, down } = await written(history, indexed('name, email'))
  expect(body(sql)).toEqual([
    'DROP INDEX "User_name_email_idx"',
    'CREATE INDEX "User_name_email_idx" ON "User"("name", "email")',
  ])
  expect(down.sql).toContain(`INCLUDE (id) WITH (fillfactor='90')`)
})

test('a unique constraint is dropped as a constraint, because PostgreSQL does not drop its index', async () => {
  const { sql, down } = await written(
    `${USER}ALTER TABLE "User" ADD CONSTRAINT "one" UNIQUE ("name");`,
    user(),
  )
  expect(body(sql)).toEqual(['ALTER TABLE "User" DROP CONSTRAINT "one"'])
  expect(body(down.sql)).toEqual(['ALTER TABLE "User" ADD CONSTRAINT "one" UNIQUE (name)'])
})

const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

test('the SQL is byte for byte what the stock Prisma CLI writes', async () => {
  const models = `${user('nick String @db.VarChar(30)', 'posts Post[]\n  @@map("people")')}
model Post {
  id Int @id
  userId Int
  user User @relation(fields: [userId], references: [id])
}`
  const project = writeProject([{ name: '1_history', sql: TASK }], models)
  symlinkSync(NODE_MODULES, path.join(project, 'node_modules'))
  const database = await createDatabase()
  try {
    const run = await prismaCli(['migrate', 'dev', '--create-only', '--name', 'next step'], {
      cwd: project,
      databaseUrl: database.url,
    })
    expect(run.code, run.stderr).toBe(0)
  } finally {
    await database.drop()
  }
  const folder = path.join(project, 'prisma', 'migrations')
  const theirs = readdirSync(folder).find((name) => name.endsWith('_next_step')) ?? ''
  const { sql, name } = await written(TASK, models, { noRename: true })
  expect(sql).toBe(readFileSync(path.join(folder, theirs, 'migration.sql'), 'utf8'))
  expect(name.slice(14)).toBe(theirs.slice(14))
})

test('the first migration gets a folder and a lock file, and its down migration drops everything', async () => {
  const {
    name,
    path: file,
    statements,
    down,
  } = await written('', user(), { name: '  Add-theUser! ' })
  expect(name).toBe('20261121010203_add_the_user')
  expect(statements).toBe(2)
  expect(body(down.sql)).toEqual(['DROP TABLE "User"'])
  expect(down.sql).toMatch(
    /^-- slipway: down of 20261121010203_add_the_user\n-- slipway: checksum [0-9a-f]{64}\n-- slipway: facts \{.*\}\n-- slipway: grade lossless\n\nDROP/,
  )
  const migrations = path.dirname(path.dirname(file))
  expect(readdirSync(migrations).toSorted()).toEqual([name, 'migration_lock.toml'])
  expect(readFileSync(path.join(migrations, 'migration_lock.toml'), 'utf8')).toMatch(
    /^provider = "postgresql"$/m,
  )
  expect(readdirSync(path.dirname(migrations))).toEqual(['migrations'])
})

test('without changes nothing is written, unless an empty migration is requested, which has no down migration', async () => {
  const migrationsDir = newMigrationsDir()
  expect(await create(USER, user(), { migrationsDir })).toEqual({
    kind: 'nothing-to-do',
    kept: [],
    notKept: [],
  })
  expect(readdirSync(migrationsDir)).toEqual(['1_history'])
  const outcome = await create(USER, user(), { migrationsDir, allowEmpty: true })
  expect(outcome).toMatchObject({
    kind: 'written',
    sql: '-- This is an empty migration.',
    statements: 0,
  })
  expect(readdirSync(path.join(migrationsDir, '20261121010203_next_step'))).toEqual([
    'migration.sql',
  ])
})

test('a name that is already taken is refused', async () => {
  const migrationsDir = newMigrationsDir()
  mkdirSync(migrationsDir)
  writeFileSync(path.join(migrationsDir, '20261121010203_next_step'), '')
  expect((await failure('', user(), { migrationsDir })).code).toBe('CREATE.NAME_TAKEN')
})

test('two processes that write at the same time do not write the same change twice', async () => {
  const migrationsDir = newMigrationsDir()
  const both = await Promise.allSettled(
    ['one', 'two'].map((name) =>
      create(USER, user('age Int'), { migrationsDir, name, noRename: true }),
    ),
  )
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  expect(refused.map((reason) => failureOf(reason)?.code)).toEqual(['CREATE.FOLDER_CHANGED'])
  const folders = readMigrations(migrationsDir)
  expect(folders).toHaveLength(2)
  const again = await create(USER, user('age Int'), { migrationsDir, history: folders })
  expect(again.kind).toBe('nothing-to-do')
})

test('a name without letters or digits is refused', async () => {
  expect((await failure('', user(), { name: '---' })).code).toBe('CREATE.NAME_INVALID')
})

test('SQL that the database rejects can be written by hand into a migration with the same name', async () => {
  const models = user('name String? @default(dbgenerated("nope()"))')
  const { code, nextActions } = await failure(USER, models, { name: undefined })
  expect(code).toBe('CREATE.SQL_REFUSED')
  expect(nextActions).toMatchObject([{ args: ['create', 'change_user_name', '--empty'] }])
})

test('an enum value with dots can be renamed', async () => {
  const history = TASK.replaceAll('DONE', '1.0')
  const { sql } = await written(history, task('OPEN\n  V2 @map("2.0")', 'OPEN'), {
    renames: ['Status.1.0=V2'],
  })
  expect(body(sql)).toEqual([`ALTER TYPE "Status" RENAME VALUE '1.0' TO '2.0'`])
})

test.each([
  ['crm.person.name=fullName', 'RENAME COLUMN "name" TO "fullName"'],
  ['crm.person.first.name=fullName', 'RENAME COLUMN "first.name" TO "fullName"'],
  ['Person.first.name=full.name', 'RENAME COLUMN "first.name" TO "full.name"'],
  ['Person.first.name=Person.fullName', 'RENAME COLUMN "first.name" TO "fullName"'],
])('--rename %s: names of the database may contain dots', async (flag, expected) => {
  const [, column] = /(first\.name)/.exec(flag) ?? ['', 'name']
  const mapped = flag.endsWith('full.name') ? ' @map("full.name")' : ''
  const history = `CREATE TABLE "crm.person" ("id" SERIAL PRIMARY KEY, "${column}" TEXT);`
  const models = `model Person {\n  id Int @id @default(autoincrement())\n  fullName String?${mapped}\n  @@map("crm.person")\n}`
  const { sql } = await written(history, models, { renames: [flag] })
  expect(body(sql)).toContain(`ALTER TABLE "crm.person" ${expected}`)
})

test.each(['crm.user=crm.person', 'crm.user=Person'])(
  '--rename %s of a table whose name contains a dot, and of its column',
  async (flag) => {
    const history = `CREATE TABLE "crm.user" ("id" SERIAL PRIMARY KEY, "name" TEXT);`
    const models = `model Person {\n  id Int @id @default(autoincrement())\n  nick String?\n  @@map("crm.person")\n}`
    const { sql } = await written(history, models, { renames: ['crm.user.name=nick', flag] })
    expect(body(sql).slice(0, 2)).toEqual([
      'ALTER TABLE "crm.user" RENAME TO "crm.person"',
      'ALTER TABLE "crm.person" RENAME COLUMN "name" TO "nick"',
    ])
  },
)

test('an index of another schema with the name of a kept one is created', async () => {
  const history = `CREATE TABLE "t" ("a" INT, "b" INT); CREATE INDEX "i" ON "t"("a") WHERE "b" > 0;
    CREATE SCHEMA "other"; CREATE TABLE "other"."t" ("a" INT);`
  const other = 'CREATE INDEX "i" ON "other"."t"("a");\n'
  const { sql, kept } = await withShadowDatabase(SHADOW, [{ name: '1', sql: history }], (session) =>
    keepInexpressible(`DROP INDEX "i";\n\n${other}`, { session, partialIndexes: false }),
  )
  expect([sql, kept.length]).toEqual([other, 1])
})

test('an undecided rename is a failure that names its flags and changes nothing', async () => {
  const migrationsDir = newMigrationsDir()
  const { code, nextActions } = await failure(USER, user('fullName String?'), { migrationsDir })
  expect(code).toBe('CREATE.RENAME_UNDECIDED')
  expect(nextActions.flatMap((action) => (action.kind === 'slipway' ? [action.args] : []))).toEqual(
    [
      ['create', 'next step', '--rename', 'User.name=fullName'],
      ['create', 'next step', '--no-rename'],
    ],
  )
  expect(readdirSync(migrationsDir)).toEqual(['1_history'])
})

test('a person at a terminal is asked about a model first and then about its fields', async () => {
  const asked: string[] = []
  const models =
    'model Person {\n  id Int @id @default(autoincrement())\n  email String @unique\n  nick String?\n}'
  const { sql } = await written(USER, models, {}, async (candidates) => {
    asked.push(...candidates.map(({ flag }) => flag))
    return candidates.map(({ flag }) => flag)
  })
  expect(asked).toEqual(['User=Person', 'Person.name=nick'])
  expect(body(sql).slice(0, 2)).toEqual([
    'ALTER TABLE "User" RENAME TO "Person"',
    'ALTER TABLE "Person" RENAME COLUMN "name" TO "nick"',
  ])
  const refused = await written(USER, models, {}, async () => [])
  expect(body(refused.sql)).toContain('DROP TABLE "User"')
})

test('after one of two renames is declined, there is no further question', async () => {
  const history = `${USER}ALTER TABLE "User" ADD COLUMN "age" INTEGER;`
  const asked: string[][] = []
  const { sql } = await written(
    history,
    user('fullName String?', 'years Int?'),
    {},
    async (candidates) => {
      asked.push(candidates.map(({ flag }) => flag))
      return ['User.age=years']
    },
  )
  expect(asked).toEqual([['User.name=fullName', 'User.age=years']])
  expect(body(sql)).toEqual([
    'ALTER TABLE "User" RENAME COLUMN "age" TO "years"',
    'ALTER TABLE "User" DROP COLUMN "name", ADD COLUMN "fullName" TEXT',
  ])
})

test.each([
  ['User.nam=fullName', 'User has no nam in the history', 'Possible names: id, email, name.'],
  ['User.name=full', 'User has no full in the schema', 'Possible names: id, email, fullName.'],
  ['Usr.name=fullName', 'the schema has no model or enum Usr', 'Possible names: User.'],
  ['Old=User', 'the history has no table Old', 'Possible names: User.'],
  [
    'User.name',
    'is not of the form old=new',
    'Write Model.field=newField, OldModel=NewModel or Enum.OLD=NEW.',
  ],
])('--rename %s is refused with the possible names', async (flag, reason, hint) => {
  const { code, message, nextActions } = await failure(USER, user('fullName String?'), {
    renames: [flag],
  })
  expect(code).toBe('CREATE.RENAME_UNKNOWN')
  expect(message).toContain(reason)
  expect(nextActions.map(({ label }) => label)).toEqual([hint])
})
