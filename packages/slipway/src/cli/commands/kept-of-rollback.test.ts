import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { addMigration, writeProject } from '../../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../../test/target.ts'

// When a migration is deployed again, data that its rollback destroyed is offered, and each printed command
// restores it.

const INIT = {
  name: '1_init',
  sql: `CREATE TABLE customer (id integer PRIMARY KEY, name text);
CREATE TABLE note (line text);
CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE heir () INHERITS (parent);`,
}
const ADDS = {
  name: '2_adds',
  sql: `ALTER TABLE customer ADD COLUMN nick varchar(20) NOT NULL DEFAULT 'none', ADD COLUMN token uuid DEFAULT gen_random_uuid();
ALTER TABLE note ADD COLUMN tag json;
ALTER TABLE parent ADD COLUMN extra text;
CREATE TABLE team (id serial PRIMARY KEY, name text);
CREATE TABLE member (team_id integer REFERENCES team, customer_id integer REFERENCES customer);`,
}

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  shareImages(root)
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' } } }\n",
  )
  await slipway('deploy')
  await target.sql(`INSERT INTO customer SELECT n, 'name ' || n FROM generate_series(1, 4) AS n;
    INSERT INTO note VALUES ('a'), ('b'), ('b'), ('c'); INSERT INTO parent VALUES (1); INSERT INTO heir VALUES (1)`)
  addMigration(root, ADDS)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

interface KeptItem {
  readonly object: string
  readonly migration: string
  readonly byRollback: boolean
}

interface Document {
  readonly result: { readonly kept?: KeptItem[]; readonly offered?: KeptItem[] }
  readonly findings: readonly { readonly id: string; readonly message: string }[]
  readonly next: readonly { readonly command?: string }[]
}

async function run(args: readonly string[]) {
  return await runCli(args, { cwd: root, env: { DATABASE_URL: target.url } })
}

async function slipway(...args: readonly string[]) {
  const { stdout, exitCode } = await run([...args, '--env', 'production', '--json'])
  const document = JSON.parse(stdout) as Document
  expect(exitCode, stdout).toBe(0)
  return document
}

/** Runs the restore commands of a report in its order, and returns their findings. */
async function restored({ next }: Pick<Document, 'next'>): Promise<string[]> {
  const commands = next.flatMap(({ command }) => (command?.includes('kept restore') ? command : []))
  const findings: string[] = []
  for (const command of commands) {
    const { stdout, exitCode } = await run([...command.split(' ').slice(1), '--json'])
    expect(exitCode, stdout).toBe(0)
    const found = JSON.parse(stdout) as Document
    findings.push(...found.findings.map(({ message }) => message))
  }
  return findings
}

/** The commands that a report for people prints. */
function commandsOf(printed: string) {
  return [...printed.matchAll(/slipway kept restore .*?(?= {2})/g)].map(([command]) => ({
    command,
  }))
}

const TABLES = ['customer', 'note', 'parent', 'team', 'member']

async function rows(): Promise<Record<string, unknown>> {
  const found = TABLES.map(async (table) => {
    const all = await target.sql(`SELECT to_jsonb(t) AS row FROM ${table} AS t ORDER BY t::text`)
    return [table, all.map(({ row }) => row)]
  })
  return Object.fromEntries(await Promise.all(found)) as Record<string, unknown>
}

async function written(): Promise<void> {
  await target.sql(`UPDATE customer SET nick = 'nick ' || id WHERE id < 4;
    UPDATE note SET tag = to_json(ctid::text) WHERE line <> 'c';
    INSERT INTO team (name) VALUES ('one'), ('two'); INSERT INTO member VALUES (1, 1), (2, 3)`)
}

async function backAndAgain() {
  await slipway('rollback', '--confirm', target.name)
  return await slipway('deploy')
}

test('the list names the rollback; the commands that the next deploy prints restore the data', async () => {
  await slipway('deploy')
  await written()
  const before = await rows()
  await slipway('rollback', '--confirm', target.name)
  const listed = await slipway('kept', 'list')
  expect(listed.result.kept).toMatchObject(
    Array.from({ length: 6 }, () => ({ migration: '2_adds', byRollback: true })),
  )
  const words = await run(['kept', 'list', '--env', 'production'])
  expect(words.stdout).toMatch(/rollback of 2_adds +table team/)

  const offering = await slipway('deploy')
  // No key identifies rows of a table with child tables: their values are kept, but not offered.
  expect(offering.result.offered?.map(({ object }) => object)).toEqual([
    'table team',
    'table member',
    'column note.tag',
    'column customer.token',
    'column customer.nick',
  ])
  expect(await restored(offering)).toEqual([])
  expect(await rows()).toEqual(before)
  expect(await target.sql("INSERT INTO team (name) VALUES ('three') RETURNING id")).toEqual([
    { id: 3 },
  ])
  // Everything is restored, so another deploy offers nothing.
  addMigration(root, { name: '3_more', sql: 'CREATE TABLE more (id integer);' })
  expect((await slipway('deploy')).result.offered).toEqual([])
})

interface KeptDocument {
  readonly result: { readonly kept: readonly { readonly object: string }[] }
}

test('newer rows and values stay, and are reported', async () => {
  await slipway('deploy')
  await written()
  const [before] = await target.sql('SELECT token::text FROM customer WHERE id = 1')
  const tags = () => target.sql('SELECT line, tag::text FROM note ORDER BY 1, 2')
  const tagsBefore = await tags()
  const offering = await backAndAgain()
  await target.sql(`UPDATE customer SET nick = 'newer' WHERE id = 1; INSERT INTO customer VALUES (9, 'nine', 'nine', NULL);
    DELETE FROM customer WHERE id = 2; UPDATE note SET tag = '"newer"' WHERE line = 'a';
    INSERT INTO team VALUES (1, 'newer'), (7, 'seven')`)
  const findings = await restored(offering)
  expect(findings).toEqual([
    expect.stringMatching(/^2_adds: 1 of 2 kept rows \(table team\) are not restored/),
    expect.stringMatching(/^2_adds: 1 of 4 kept rows \(column note\.tag\) are not restored/),
    expect.stringMatching(
      /^2_adds: 1 of 4 kept values \(column note\.tag\) were restored into rows that were written since/,
    ),
    expect.stringMatching(/^2_adds: 1 of 4 kept rows \(column customer\.token\) are not restored/),
    expect.stringMatching(/^2_adds: 2 of 4 kept rows \(column customer\.nick\) are not restored/),
  ])
  const list = await run(['kept', 'list', '--env', 'production', '--json'])
  const listed = (JSON.parse(list.stdout) as KeptDocument).result.kept.map(({ object }) => object)
  const parts = ['column customer.nick', 'column customer.token', 'column note.tag', 'table team']
  expect(listed).toEqual(expect.arrayContaining(parts))
  const status = await run(['status', '--env', 'production', '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject({ result: { kept: { count: listed.length } } })
  const now = await rows()
  expect(now).toMatchObject({
    customer: [
      { id: 1, nick: 'newer' },
      { id: 3, nick: 'nick 3' },
      { id: 4, nick: 'none' },
      { id: 9, nick: 'nine' },
    ],
    team: [
      { id: 1, name: 'newer' },
      { id: 2, name: 'two' },
      { id: 7, name: 'seven' },
    ],
    member: [{ team_id: 1 }, { team_id: 2 }],
  })
  expect(await tags()).toEqual([
    { line: 'a', tag: '"newer"' },
    ...tagsBefore.filter(({ line }) => line !== 'a'),
  ])
  // The default gives each row a new token, which looks like a newer value; the kept one is restored.
  expect(await target.sql('SELECT token::text FROM customer WHERE id = 1')).toEqual([before])
})

test('the latest of two rollbacks is offered; rows that the migration inserts do not conflict', async () => {
  const inserts = { ...ADDS, sql: `${ADDS.sql} INSERT INTO team VALUES (0, 'own');` }
  addMigration(root, inserts)
  await slipway('deploy')
  await target.sql("UPDATE customer SET nick = 'first'; INSERT INTO team (name) VALUES ('first')")
  await backAndAgain()
  await target.sql("UPDATE customer SET nick = 'second'; INSERT INTO team (name) VALUES ('second')")
  await slipway('rollback', '--confirm', target.name)
  const again = await run(['deploy', '--env', 'production'])
  expect(again.stdout).toMatch(/A rollback kept table team, which can be restored now/)
  expect(again.stdout).toMatch(
    /slipway kept restore \d+ --env production +restore table team, kept by the rollback of 2_adds/,
  )
  const findings = await restored({ next: commandsOf(again.stdout) })
  expect(findings).toEqual([expect.stringContaining('1 of 2 kept rows (table team)')])
  expect(await rows()).toMatchObject({
    customer: Array.from({ length: 4 }, () => ({ nick: 'second' })),
    team: [{ id: 0, name: 'own' }, { name: 'second' }],
  })
})
