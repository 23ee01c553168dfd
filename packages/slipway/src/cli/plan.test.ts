import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { addMigration, writeProject } from '../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../test/target.ts'

const INIT = {
  name: '1_init',
  sql: 'CREATE TABLE "Customer" ("id" integer PRIMARY KEY, "name" text); CREATE TABLE "Note" ("id" integer);',
}
const INDEX = { name: '2_index', sql: 'CREATE INDEX "by_name" ON "Customer"("name");\n' }
const NOTE = { name: '3_note', sql: 'ALTER TABLE "Note" ADD COLUMN "text" TEXT;\n' }
const NOW = Date.UTC(2026, 10, 21, 9)
const DAY = 86_400_000

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' }, testing: {} } }\n",
  )
  shareImages(root)
  expect(await slipway(['deploy'])).toMatchObject({ exitCode: 0 })
  await target.sql(`INSERT INTO "Customer" SELECT n, 'name ' || n FROM generate_series(1, 5000) AS n;
    ANALYZE "Customer"`)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

interface Document {
  readonly result: {
    readonly hash?: string
    readonly steps?: readonly object[]
    readonly migrations?: readonly object[]
    readonly receipts?: readonly { readonly status: string }[]
  }
  readonly findings: readonly { readonly id: string; readonly severity: string }[]
  readonly failure: { readonly code: string; readonly message: string } | null
  readonly next: readonly { readonly command?: string }[]
}

async function slipway(
  args: readonly string[],
  { env = 'production', now = NOW }: { readonly env?: string; readonly now?: number } = {},
) {
  const run = await runCli([...args, '--env', env, '--json'], {
    cwd: root,
    env: { DATABASE_URL: target.url },
    now: () => now,
  })
  const document = JSON.parse(run.stdout) as Document
  return { exitCode: run.exitCode, code: document.failure?.code, ...document }
}

async function everything(): Promise<unknown> {
  const history = await target.sql('SELECT migration_name, finished_at FROM _prisma_migrations')
  return { history, hash: (await target.fingerprint()).hash }
}

describe('plan', () => {
  test('names the steps with locks, sizes and hazards, and the deploy command with the consent it needs', async () => {
    const sql = `${INDEX.sql}ALTER TABLE "Note" DROP COLUMN "id";\n`
    addMigration(root, { ...INDEX, sql })
    const before = await everything()
    const planned = await slipway(['plan'])
    expect(planned).toMatchObject({ exitCode: 4, failure: null })
    expect(planned.result.steps).toMatchObject([
      {
        statement: 1,
        transaction: 1,
        lock: 'SHARE',
        table: 'Customer',
        ref: { kind: 'table', schema: null, name: 'Customer' },
        rows: 5000,
      },
      {
        lock: 'ACCESS EXCLUSIVE',
        table: 'Note',
        ref: { kind: 'table', schema: null, name: 'Note' },
        rows: 0,
        destroys: [
          { what: 'object', object: { kind: 'column', schema: null, table: 'Note', name: 'id' } },
        ],
        kept: true,
      },
    ])
    expect(planned.findings.map(({ id }) => id)).toEqual(['index-not-concurrent', 'drop-column'])
    expect(planned.next.map(({ command }) => command)).toEqual([
      `slipway check ${INDEX.name} --save --env production`,
      `slipway deploy --accept index-not-concurrent --confirm ${target.name} --env production`,
    ])
    expect(await slipway(['plan'])).toEqual(planned)
    expect(await everything()).toEqual(before)
    expect(await slipway(['plan', '--fail-on', 'never'])).toMatchObject({ exitCode: 0 })
  })

  test('the human report: a table of the statements, without their literals', async () => {
    addMigration(root, { ...NOTE, sql: `ALTER TABLE "Note" ADD "t" TEXT DEFAULT 'secret';\n` })
    const env = { DATABASE_URL: target.url }
    const { stdout } = await runCli(['plan'], { cwd: root, env })
    expect(stdout).toContain(
      `1  ALTER TABLE "Note" ADD "t" TEXT DEFAULT…  ACCESS EXCLUSIVE  Note (empty)`,
    )
    expect(stdout).toMatch(/^Plan [0-9a-f]{64}$/m)
    expect(stdout).not.toContain('secret')
  })

  test('names the effects from the stored proof in addition to those from the text', async () => {
    const sql = `DO $$ BEGIN DELETE FROM "Note"; END $$;\nALTER TABLE "Customer" DROP COLUMN "name";\n`
    addMigration(root, { name: '2_gone', sql })
    const words = async () => {
      const run = await runCli(['plan', '--env', 'production'], {
        cwd: root,
        env: { DATABASE_URL: target.url },
        now: () => NOW,
      })
      return run.stdout
    }
    const unknown = await slipway(['plan'])
    expect(unknown.result.migrations).toMatchObject([{ name: '2_gone', proof: null }])
    expect(await words()).toMatch(
      /Not tested on a shadow database[^]*slipway check 2_gone --save --env production/,
    )

    await slipway(['check', '2_gone', '--save'])
    const planned = await slipway(['plan'])
    expect(planned.result.migrations).toMatchObject([
      {
        proof: {
          effects: [
            { statement: 1, relation: '"Note"', what: 'deleted', rows: expect.any(Number) },
            { statement: 2, relation: '"Customer"', what: 'column-dropped', column: 'name' },
          ],
          unseen: [],
        },
      },
    ])
    expect(planned.result.hash).toBe(unknown.result.hash)
    expect(await words()).toMatch(/DO .* "Note": \d+ deleted\n/)
    expect(await words()).toMatch(/destroys column Customer\.name .* "Customer": name dropped\n/)

    // A proof of another text does not apply to this one.
    addMigration(root, { name: '2_gone', sql: `-- edited\n${sql}` })
    expect((await slipway(['plan'])).result.migrations).toMatchObject([{ proof: null }])
    expect(await words()).toContain('Not tested on a shadow database')
  })

  test('reports that nothing is pending; an empty plan can be deployed too', async () => {
    const planned = await slipway(['plan', '--out', 'plan.json'])
    expect(planned).toMatchObject({ exitCode: 0, result: { steps: [], preChecks: [] } })
    expect(await slipway(['deploy', '--plan', 'plan.json'])).toMatchObject({ exitCode: 0 })
    addMigration(root, NOTE)
    expect(await slipway(['deploy', '--plan', 'plan.json'])).toMatchObject({
      exitCode: 4,
      code: 'DEPLOY.PLAN_CHANGED',
    })
  })

  test('reports an error for rows that would make a statement fail', async () => {
    await target.sql('UPDATE "Customer" SET "name" = NULL WHERE "id" = 7')
    addMigration(root, { name: '2_name', sql: 'ALTER TABLE "Customer" ALTER "name" SET NOT NULL;' })
    const { exitCode, findings } = await slipway(['plan'])
    expect({ exitCode, findings }).toMatchObject({
      exitCode: 4,
      findings: expect.arrayContaining([
        expect.objectContaining({ id: 'pre-check', severity: 'error' }),
      ]),
    })
  })

  test('fails like a deploy if something prevents it', async () => {
    addMigration(root, { ...INIT, sql: `${INIT.sql} SELECT 1;` })
    expect(await slipway(['plan'])).toMatchObject({ exitCode: 2, code: 'HISTORY.EDITED' })
  })
})

describe('deploy --plan', () => {
  const DEPLOY = ['deploy', '--plan', 'plan.json']
  const edit = (change: (text: string) => string) => {
    const file = path.join(root, 'plan.json')
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }

  beforeEach(async () => {
    addMigration(root, NOTE)
    expect(await slipway(['plan', '--out', 'plan.json'])).toMatchObject({ exitCode: 0 })
  })

  test('runs what was planned, within a day', async () => {
    const done = await slipway(DEPLOY, { now: NOW + DAY })
    expect(done).toMatchObject({ exitCode: 0, result: { receipts: [{ status: 'done' }] } })
  })

  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a file',
      async () => addMigration(root, { ...NOTE, sql: `-- edited\n${NOTE.sql}` }),
      /current one: the files .* have changed; the steps/,
    ],
    [
      'one more file',
      async () => addMigration(root, INDEX),
      /current one: the files .*; the steps/,
    ],
    [
      'a table',
      async () => await target.sql('INSERT INTO "Note" VALUES (1)'),
      /current one: the steps have changed/,
    ],
    [
      'the history',
      async () => {
        await target.sql(`UPDATE _prisma_migrations SET migration_name = '2_other'`)
        rmSync(path.join(root, 'prisma/migrations/1_init'), { recursive: true })
        addMigration(root, { ...INIT, name: '2_other' })
      },
      /current one: the history of the database has changed\./,
    ],
  ])('refuses if %s changed', async (_what, change, message) => {
    await change()
    const before = await everything()
    expect(await slipway(DEPLOY)).toMatchObject({
      exitCode: 4,
      failure: { code: 'DEPLOY.PLAN_CHANGED', message: expect.stringMatching(message) },
    })
    expect(await everything()).toEqual(before)
  })

  test('refuses a plan for another database, and names both', async () => {
    const other = await createTarget({ template: target.name })
    const env = { DATABASE_URL: other.url }
    const run = await runCli([...DEPLOY, '--env', 'testing'], { cwd: root, env, now: () => NOW })
    await other.drop()
    expect(run.exitCode).toBe(4)
    expect(run.stderr).toContain(`for the database ${target.name}, not ${other.name}`)
  })

  test('refuses a plan that is older than a day', async () => {
    const late = await slipway(DEPLOY, { now: NOW + DAY + 1 })
    expect(late).toMatchObject({ exitCode: 4, code: 'DEPLOY.PLAN_EXPIRED' })
  })

  test('refuses a plan from the future, which would not expire; a clock may be off by minutes', async () => {
    const early = await slipway(DEPLOY, { now: NOW - 300_001 })
    expect(early).toMatchObject({ exitCode: 4, code: 'DEPLOY.PLAN_EXPIRED' })
    expect(early.failure?.message).toContain("ahead of this machine's clock")
    expect(await slipway(DEPLOY, { now: NOW - 299_000 })).toMatchObject({ exitCode: 0 })
  })

  const EDITED = 'It was edited: its hash does not match its steps.'

  test.each<[string, (text: string) => string, string]>([
    ['no JSON', () => 'no plan', 'It is not valid JSON.'],
    ['nothing', () => '', 'It is empty.'],
    ['half a plan', (text) => text.slice(0, text.length / 2), 'It is not valid JSON'],
    ['a list', (text) => `[${text}]`, 'It must be an object.'],
    ['other JSON', () => '{}', 'basis must be an object.'],
    [
      'an edited step',
      (text) => text.replace('ACCESS EXCLUSIVE', 'SHARE').replace('ACCESS EXCLUSIVE', 'SHARE'),
      EDITED,
    ],
    ['an edited database', (text) => text.replaceAll(target.name, 'other'), EDITED],
    ['a huge number', (text) => text.replace('"line": 1', '"line": 1e999'), EDITED],
    [
      'a wrong value deep inside',
      (text) => text.replace('"line": 1', '"line": "1"'),
      'steps.0.line must be a number.',
    ],
    [
      'a plan of another version',
      (text) => text.replace('"version": 1', '"version": 2'),
      'version must be 1.',
    ],
    [
      'an invalid time',
      (text) => text.replace('"createdAt": "2026', '"createdAt": "soon'),
      'createdAt must be a time in ISO 8601.',
    ],
  ])('refuses a file that holds %s', async (_what, change, why) => {
    edit(change)
    expect(await slipway(DEPLOY)).toMatchObject({
      exitCode: 2,
      failure: { code: 'DEPLOY.PLAN_UNREADABLE', why: expect.stringContaining(why) },
    })
  })

  test('ignores unknown keys, such as __proto__', async () => {
    edit((text) => text.replace('{', '{ "later": [1], "__proto__": { "hash": "x" },'))
    expect(await slipway(DEPLOY)).toMatchObject({ exitCode: 0 })
  })

  test('refuses a file that does not exist, and one that cannot be written', async () => {
    expect(await slipway(['deploy', '--plan', 'nowhere.json'])).toMatchObject({
      exitCode: 2,
      code: 'DEPLOY.PLAN_UNREADABLE',
    })
    mkdirSync(path.join(root, 'folder.json'))
    expect(await slipway(['deploy', '--plan', 'folder.json'])).toMatchObject({
      exitCode: 2,
      failure: { code: 'DEPLOY.PLAN_UNREADABLE', why: 'It is a folder.' },
    })
    expect(await slipway(['plan', '--out', 'no/folder.json'])).toMatchObject({
      exitCode: 2,
      code: 'APP.NOT_WRITABLE',
    })
  })
})

describe('hazards of a table with rows', () => {
  const BOTH = `${INDEX.sql}ALTER TABLE "Customer" RENAME COLUMN "name" TO "fullName";\n`

  test('stop a deploy to a protected target, until each is accepted by its id', async () => {
    addMigration(root, { ...INDEX, sql: BOTH })
    const before = await everything()
    const refused = await slipway(['deploy', '--accept', 'drift'])
    expect(refused).toMatchObject({
      exitCode: 4,
      failure: {
        code: 'DEPLOY.HAZARDS',
        message: expect.stringContaining(
          'index-not-concurrent (2_index, line 1), rename-column (2_index, line 2)',
        ),
      },
      findings: [
        { id: 'index-not-concurrent', severity: 'error' },
        { id: 'rename-column', severity: 'error' },
      ],
      result: { receipts: [{ status: 'not-run' }] },
    })
    expect(refused.next.map(({ command }) => command)).toContain(
      'slipway deploy --accept drift,index-not-concurrent,rename-column --env production',
    )
    expect(await everything()).toEqual(before)
    const some = await slipway(['deploy', '--accept', 'rename-column', '--confirm', target.name])
    expect(some.next.map(({ command }) => command)).toContain(
      `slipway deploy --accept rename-column,index-not-concurrent --confirm ${target.name} --env production`,
    )
    expect(some.findings.map(({ severity }) => severity)).toEqual(['error', 'warning'])
    const all = await slipway(['deploy', '--accept', 'rename-column,index-not-concurrent'])
    expect(all.exitCode).toBe(0)
    expect(all.findings.map(({ severity }) => severity)).toEqual(['warning', 'warning'])
  })

  test('are warnings on a target that is not protected', async () => {
    addMigration(root, INDEX)
    // It was deployed as production.
    await target.sql('DELETE FROM slipway.environment')
    const run = await runCli(['deploy', '--json'], {
      cwd: root,
      env: { DATABASE_URL: target.url },
    })
    expect(run.exitCode, run.stdout).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({
      findings: [{ id: 'index-not-concurrent', severity: 'warning' }],
    })
  })

  test.each<[string, string]>([
    [
      'accepted by the file itself',
      `-- slipway: accept index-not-concurrent (at night)\n${INDEX.sql}`,
    ],
    ['of an empty table', 'ALTER TABLE "Note" RENAME COLUMN "id" TO "key";'],
    [
      'of a table that the migration creates',
      'CREATE TABLE a (b text); ALTER TABLE a RENAME b TO c;',
    ],
    ['that only warn', 'ALTER TABLE "Customer" ADD CHECK ("id" > 0);'],
  ])('do not stop it if they are %s', async (_what, sql) => {
    addMigration(root, { ...INDEX, sql })
    expect(await slipway(['deploy'])).toMatchObject({ exitCode: 0 })
  })

  test.each<[string, string]>([
    ['a column', 'ALTER TABLE "Customer" DROP COLUMN "name";'],
    ['a table', 'DROP TABLE "Customer";'],
    ['rows', 'DELETE FROM "Customer";'],
  ])('that are only the loss of %s need no more than the database name', async (_what, sql) => {
    addMigration(root, { name: '2_drop', sql })
    expect(await slipway(['deploy'])).toMatchObject({ code: 'DEPLOY.CONSENT_NEEDED' })
    const done = await slipway(['deploy', '--confirm', target.name])
    expect(done).toMatchObject({ exitCode: 0, findings: [] })
  })

  test('of a custom rule are judged and accepted like built-in ones', async () => {
    const rule = `export default [{ id: 'ask-first', title: 'Ask first', judge: (action, context) =>
      action.kind === 'add-column' && [...context.schema.tables.values()].some(({ name }) => name === 'Customer')
        ? { severity: 'error', table: action.table, message: 'Ask first.' } : undefined }]`
    writeFileSync(path.join(root, 'rules.mjs'), rule)
    const config = path.join(root, 'slipway.config.ts')
    writeFileSync(config, readFileSync(config, 'utf8').replace('{', "{ rules: './rules.mjs',"))
    addMigration(root, { name: '2_a', sql: 'ALTER TABLE "Customer" ADD "a" text;' })
    expect(await slipway(['deploy'])).toMatchObject({ code: 'DEPLOY.HAZARDS' })
    expect(await slipway(['deploy', '--accept', 'ask-first'])).toMatchObject({ exitCode: 0 })
  })

  test('an unknown id is refused, with the nearest one', async () => {
    expect(await slipway(['deploy', '--accept', 'index-not-concurent'])).toMatchObject({
      exitCode: 2,
      failure: { code: 'APP.ACCEPT_UNKNOWN', why: 'Did you mean `index-not-concurrent`?' },
    })
  })
})
