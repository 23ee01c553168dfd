import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { describeWithPrograms, lacksPrograms } from '../client-programs.ts'
import { type DestructionCase, DESTRUCTIONS } from '../destruction/destructions.ts'
import { createDatabase, postgresBin, serverUrl, type TestDatabase } from '../postgres.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { runSql } from '../run-sql.ts'
import { shareImages } from '../target.ts'

// Guarantee 7, for each way to destroy data: on a protected target a migration that destroys data does not
// commit before a person consents with the flags that the failure names. Judged by pg_dump.

const ROLE = `slipway_owner_${randomBytes(4).toString('hex')}`
const read = (file: string) =>
  readFileSync(new URL(`../destruction/${file}`, import.meta.url), 'utf8')
const INIT: readonly [TestMigration, TestMigration] = [
  {
    name: '1_init',
    sql: `${read('before.sql')}GRANT CREATE ON SCHEMA public TO ${ROLE}; ALTER TABLE foreign_note OWNER TO ${ROLE};`,
  },
  // Its deploy creates what keeps data, once for all copies of the template.
  { name: '2_keeps', sql: 'DELETE FROM lonely;' },
]

/** Each eighth way is always tested, the others only with FULL=1. */
const FULL = process.env['FULL'] === '1'

let template: TestDatabase
let before: string

beforeAll(async () => {
  await runSql(serverUrl(), `CREATE ROLE ${ROLE}`)
  template = await createDatabase()
  const root = projectOf([])
  addMigration(root, INIT[0])
  expect(await deploy(root, template)).toMatchObject({ exitCode: 0 })
  addMigration(root, INIT[1])
  expect(await deploy(root, template, ['--confirm', template.name])).toMatchObject({ exitCode: 0 })
  rmSync(root, { recursive: true })
  await runSql(template.url, read('rows.sql'))
  if (!lacksPrograms) before = await state(template)
})

afterAll(async () => {
  await template.drop()
  await runSql(serverUrl(), `DROP ROLE ${ROLE}`)
})

function projectOf(migrations: readonly TestMigration[]): string {
  const root = writeProject(migrations)
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' } } }\n",
  )
  shareImages(root)
  return root
}

interface Deployed {
  readonly exitCode: number
  readonly stderr: string
  readonly failure: { readonly code: string; readonly message: string } | null
  /** The failure's next steps, in words and as command lines. */
  readonly offers: string
}

async function deploy(
  root: string,
  target: TestDatabase,
  flags: readonly string[] = [],
): Promise<Deployed> {
  const { exitCode, stdout, stderr } = await runCli(
    ['deploy', '--env', 'production', '--json', ...flags],
    { cwd: root, env: { DATABASE_URL: target.url } },
  )
  const { failure, next } = JSON.parse(stdout) as {
    readonly failure: Deployed['failure'] & { readonly nextActions: unknown }
    readonly next: unknown
  }
  return { exitCode, stderr, failure, offers: JSON.stringify([failure?.nextActions, next]) }
}

const run = promisify(execFile)

/** A database by pg_dump with the positions of sequences, the rows of materialized views, and the history. */
async function state({ url }: TestDatabase): Promise<string> {
  const { stdout } = await run(
    join(postgresBin() ?? '', 'pg_dump'),
    ['--exclude-schema=slipway', '--exclude-table=_prisma_migrations', '-d', url],
    { maxBuffer: 2 ** 26 },
  )
  const views = await runSql(
    url,
    `SELECT oid::regclass AS name, relispopulated, CASE WHEN relispopulated THEN query_to_xml(format('SELECT * FROM %s ORDER BY 1', oid::regclass), true, false, '')::text END AS rows
      FROM pg_class WHERE relkind = 'm' ORDER BY 1`,
  )
  const history = await runSql(url, 'SELECT migration_name FROM _prisma_migrations ORDER BY 1')
  return `${stdout.replaceAll(/^\\(?:un)?restrict .*$/gm, '')}${JSON.stringify([views, history])}`
}

describeWithPrograms('on a protected target', () => {
  test.concurrent.each(DESTRUCTIONS.filter((_, index) => FULL || index % 8 === 0))(
    '$name',
    async ({ sql, destroys }: DestructionCase) => {
      const target = await createDatabase({ template: template.name })
      const root = projectOf(INIT)
      try {
        addMigration(root, { name: '3_way', sql: withPlaces(sql, target) })
        await asksFirst(root, target, destroys)
      } finally {
        await target.drop()
        rmSync(root, { recursive: true })
      }
    },
  )
})

/** SQL with this run's role, and with the target's address for statements that connect to it. */
function withPlaces(sql: string, { url, name }: TestDatabase): string {
  const { hostname, port, username, password } = new URL(url)
  const values: Readonly<Record<string, string>> = {
    role: ROLE,
    link: url,
    host: hostname,
    port,
    user: username,
    password,
    database: name,
  }
  return sql.replaceAll(/\$(\w+)\$/g, (whole, key: string) => values[key] ?? whole)
}

const REFUSALS: Readonly<Record<string, number>> = {
  'DEPLOY.CONSENT_NEEDED': 2,
  'DEPLOY.UNANNOUNCED': 4,
  'DEPLOY.HAZARDS': 4,
  'DEPLOY.PRE_CHECK_FAILED': 4,
}

/** Deploys as a person who adds the flags that each failure names, until the deploy succeeds. */
async function asksFirst(root: string, target: TestDatabase, destroys: RegExp): Promise<void> {
  const accept = new Set<string>()
  let confirm: readonly string[] = []
  const asked: string[] = []
  for (;;) {
    const accepted = accept.size > 0 ? ['--accept', [...accept].join(',')] : []
    const { exitCode, stderr, failure, offers } = await deploy(root, target, [
      ...confirm,
      ...accepted,
    ])
    if (failure === null) {
      expect(exitCode, stderr).toBe(0)
      break
    }
    asked.push(`${failure.code} ${failure.message}`)
    expect({ exitCode, asked, is: difference(before, await state(target)) }, stderr).toEqual({
      exitCode: REFUSALS[failure.code],
      asked,
      is: [],
    })
    const ids = [...offers.matchAll(/--accept["\s,]+([\w,-]+)/g)].flatMap(([, all = '']) =>
      all.split(','),
    )
    const isNew =
      ids.some((id) => !accept.has(id)) || (confirm.length === 0 && offers.includes('--confirm'))
    expect(isNew, `${asked.join('\n')}\n${stderr}`).toBe(true)
    if (offers.includes('--confirm')) confirm = ['--confirm', target.name]
    for (const id of ids) accept.add(id)
  }
  expect(asked.join('\n')).toMatch(destroys)
  expect(difference(await state(target), before), 'it destroys nothing').not.toEqual([])
}

/** The lines of `other` that `one` lacks. */
function difference(one: string, other: string): string[] {
  const lines = new Set(one.split('\n'))
  return other.split('\n').filter((line) => !lines.has(line))
}

describe('if the server does not count row changes', () => {
  test('a superuser switches counting on', async () => {
    const target = await createDatabase({ template: template.name })
    const root = projectOf(INIT)
    try {
      await runSql(target.url, `ALTER DATABASE ${target.name} SET track_counts = off`)
      addMigration(root, { name: '3_way', sql: 'SELECT wipe();' })
      const refused = await deploy(root, target)
      expect(refused.failure, refused.stderr).toMatchObject({
        code: 'DEPLOY.UNANNOUNCED',
        message: expect.stringContaining('rows of note (10)') as string,
      })
      addMigration(root, {
        name: '3_way',
        sql: 'CREATE TABLE fresh (); INSERT INTO lonely VALUES (2);',
      })
      expect(await deploy(root, target)).toMatchObject({ exitCode: 0 })
    } finally {
      await target.drop()
      rmSync(root, { recursive: true })
    }
  })

  test('a migration of any other role that may destroy rows is refused', async () => {
    const target = await createDatabase()
    const root = projectOf([{ name: '1_init', sql: 'CREATE TABLE note (id integer PRIMARY KEY);' }])
    const url = new URL(target.url)
    url.username = ROLE
    url.password = ROLE
    const asOwner = { ...target, url: url.href }
    const rows = () => runSql(target.url, 'SELECT count(*)::int FROM note')
    try {
      await runSql(
        target.url,
        `ALTER ROLE ${ROLE} LOGIN PASSWORD '${ROLE}'; ALTER DATABASE ${target.name} OWNER TO ${ROLE}; ALTER SCHEMA public OWNER TO ${ROLE}`,
      )
      expect(await deploy(root, asOwner)).toMatchObject({ exitCode: 0 })
      await runSql(
        target.url,
        `ALTER DATABASE ${target.name} SET track_counts = off; INSERT INTO note VALUES (1)`,
      )
      addMigration(root, { name: '2_way', sql: 'DO $$ BEGIN DELETE FROM note; END $$;' })
      const refused = await deploy(root, asOwner)
      expect(refused.failure, refused.stderr).toMatchObject({
        code: 'DEPLOY.UNANNOUNCED',
        message: expect.stringContaining('track_counts is off') as string,
      })
      expect(await rows()).toEqual([{ count: 1 }])
      const accepted = ['--accept', 'unannounced', '--confirm', target.name]
      expect(await deploy(root, asOwner, accepted)).toMatchObject({ exitCode: 0 })
      expect(await rows()).toEqual([{ count: 0 }])
      addMigration(root, {
        name: '3_way',
        sql: 'CREATE TABLE fresh (); ALTER TABLE note ADD COLUMN v text;',
      })
      expect(await deploy(root, asOwner)).toMatchObject({ exitCode: 0 })
    } finally {
      await target.drop()
      rmSync(root, { recursive: true })
    }
  })
})
