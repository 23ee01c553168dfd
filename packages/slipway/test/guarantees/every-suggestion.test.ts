import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { NextAction } from '../../src/kernel/index.ts'
import { UNRESTORABLE } from '../backup/backup-project.ts'
import { serverUrl } from '../postgres.ts'
import { addMigration } from '../project.ts'
import { shortForm } from '../short-form.ts'
import { createTarget, type TestTarget } from '../target.ts'
import { SQLITE_STORIES } from './sqlite-stories.ts'
import { executed, suggestionSites } from './suggestion-sites.ts'
import {
  follow,
  PROGRAMS,
  type Scene,
  setScene,
  type Story,
  type TargetSelection,
  TARGET_SELECTIONS,
} from './suggestions.ts'

// Every place in the sources that suggests a command: one of these scenes runs the command as printed, or the
// place is listed below with the reason. A new place without a scene fails the last test, in the long form or
// with SCENES=all.

vi.mock('../../src/kernel/failure.ts', async (original) => {
  const real = await original<typeof import('../../src/kernel/failure.ts')>()
  const { SITE, siteOf } = await import('./suggestion-sites.ts')
  const command = (args: readonly string[], label: string) => ({
    ...real.command(args, label),
    [SITE]: siteOf(new Error('place').stack),
  })
  return { ...real, command }
})

vi.mock('../../src/cli/next-actions.ts', async (original) => {
  const real = await original<typeof import('../../src/cli/next-actions.ts')>()
  const { SITE, madeBy } = await import('./suggestion-sites.ts')
  const presentReport: typeof real.presentReport = (report, options) => {
    const shown = real.presentReport(report, options)
    const note = (
      actions: readonly NextAction[],
      typed: readonly { readonly kind: string; readonly command?: string }[],
    ) => {
      for (const [index, action] of actions.entries()) {
        const site = (action as { [SITE]?: string })[SITE]
        const text = typed[index]?.command
        if (site === undefined || text === undefined) continue
        madeBy.set(text, (madeBy.get(text) ?? new Set()).add(site))
      }
    }
    note(report.next, shown.next)
    note(report.failure?.nextActions ?? [], shown.failure?.nextActions ?? [])
    return shown
  }
  return { ...real, presentReport }
})

const FULL = process.env['FULL'] === '1'

let development: TestTarget
beforeAll(async () => {
  development = await createTarget()
})
afterAll(async () => {
  await development.drop()
})

const INIT = { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' }
const MORE = { name: '2_more', sql: 'ALTER TABLE customer ADD COLUMN email text;' }
const FAILS = { name: '3_fails', sql: 'ALTER TABLE nobody ADD a int;' }
const STOPS = {
  name: '3_stops',
  sql: 'CREATE INDEX CONCURRENTLY by_name ON customer (name);\nCREATE TABLE more (id int);\nCREATE INDEX CONCURRENTLY by_nothing ON customer (nothing);\n',
}

const migrationFile = (scene: Scene, name: string, file = 'migration.sql') =>
  scene.file(`prisma/migrations/${name}/${file}`)
const confirmed = (scene: Scene) => ['--confirm', scene.production.name]
const byHand = (scene: Scene) => scene.production.sql('CREATE TABLE by_hand (id int)')

function git(scene: Scene, ...args: readonly string[]): void {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t']
  execFileSync('git', [...who, ...args], { cwd: scene.root, stdio: 'ignore' })
}

async function commit(scene: Scene): Promise<void> {
  git(scene, 'init')
  git(scene, 'add', 'prisma')
  git(scene, 'commit', '-m', 'all')
}

/** Locks a table while `work` runs. */
async function holding<T>(scene: Scene, table: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: scene.production.url })
  await client.connect()
  await client.query(`BEGIN; LOCK TABLE ${table}`)
  try {
    return await work()
  } finally {
    await client.end()
  }
}

const IMPATIENT =
  "{ environments: { production: { url: 'env:PRODUCTION_URL', deploy: { deadline: '8s' } }, development: {} } }"

const STORIES: Readonly<Record<string, Story>> = {
  'status and deploy of pending migrations, and a rollback': {
    async play(scene) {
      await follow(scene, await scene.slipway('status'))
      addMigration(scene.root, MORE)
      await follow(scene, await scene.slipway('plan', '--out', 'my plan.json'))
      addMigration(scene.root, { name: '3_note', sql: 'CREATE TABLE note (id int);' })
      await follow(scene, await scene.slipway('deploy'))
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('rollback', ...confirmed(scene)))
    },
  },
  'backups, and a restore': {
    config:
      "{ backup: { keep: { last: 1 } }, environments: { production: { url: 'env:PRODUCTION_URL', backup: 'before-deploy' }, development: {} } }",
    async play(scene) {
      await follow(scene, await scene.slipway('rollback --from-backup', ...confirmed(scene)), {
        code: 'APP.NO_BACKUP_BEFORE',
      })
      await follow(scene, await scene.slipway('backup verify'), { code: 'BACKUP.NOT_FOUND' })
      await scene.slipway('deploy')
      await sleep(1000)
      await follow(scene, await scene.slipway('backup create'))
      await follow(scene, await scene.slipway('backup prune'))
      const unknown = ['--table', 'public.nobody', ...confirmed(scene)]
      await follow(scene, await scene.slipway('backup restore', ...unknown), {
        code: 'BACKUP.TABLE_UNKNOWN',
      })
      await follow(scene, await scene.slipway('backup restore', '--drop-old', ...confirmed(scene)))
      await scene.production.sql(UNRESTORABLE)
      await sleep(1000)
      await scene.slipway('backup create')
      await follow(scene, await scene.slipway('backup verify', '--server', serverUrl()), {
        code: 'BACKUP.NOT_RESTORABLE',
      })
      await scene.production.sql('DROP TABLE zone; DROP FUNCTION may_write()')
      addMigration(scene.root, MORE)
      await sleep(1000)
      await scene.slipway('deploy')
      const back = await scene.slipway('rollback --from-backup', ...confirmed(scene))
      await follow(scene, back)
      await scene.production.sql(
        `DROP DATABASE "${/ is now named (\S+)\. /.exec(JSON.stringify(back))?.[1]}"`,
      )
    },
  },
  'a backup whose format cannot be encrypted': {
    config:
      "{ backup: { encryption: 'passphrase' }, environments: { production: { url: 'env:PRODUCTION_URL' }, development: {} } }",
    env: { SLIPWAY_BACKUP_PASSPHRASE: 'only for this test' },
    async play(scene) {
      await follow(scene, await scene.slipway('backup create --dump-format directory'), {
        code: 'BACKUP.FORMAT_PLAINTEXT',
      })
    },
  },
  'a foreign key without an index': {
    migrations: [INIT, { name: '2_child', sql: 'CREATE TABLE child (c int REFERENCES customer);' }],
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('inspect'))
      await follow(scene, await scene.slipway('inspect', '--deadline', '1ms'), {
        code: 'INSPECT.NOTHING_READ',
      })
    },
  },
  'a rollback that asks for too much': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('rollback', '--to', 'nothing'), {
        code: 'ROLLBACK.UNKNOWN_MIGRATION',
      })
      await follow(scene, await scene.slipway('rollback', '--steps', '9', ...confirmed(scene)), {
        code: 'ROLLBACK.TOO_MANY_STEPS',
      })
      const rows = await scene.production.sql(
        'SELECT FROM _prisma_migrations WHERE rolled_back_at IS NULL',
      )
      expect(rows).toEqual([])
    },
  },
  'failing and incomplete down migrations': {
    migrations: [
      INIT,
      { ...MORE, down: '-- nothing' },
      {
        name: '3_down_fails',
        sql: 'CREATE TABLE a (id int);',
        down: 'DROP TABLE a; DROP TABLE b;',
      },
    ],
    async play(scene) {
      await scene.slipway('deploy')
      const failing = await scene.slipway('rollback', '--to', '1_init', ...confirmed(scene))
      expect(failing.next.at(-1)?.args).toEqual([
        'rollback',
        '--accept',
        'unproven',
        '--to',
        '1_init',
        ...confirmed(scene),
      ])
      await follow(scene, failing, {
        code: 'ROLLBACK.DOWN_FAILS',
        before: () => scene.production.sql('CREATE TABLE IF NOT EXISTS b (id int)'),
      })
      // The down migration of 2_more, which was accepted, does nothing.
      await scene.production.sql('ALTER TABLE customer DROP COLUMN email')
      await scene.slipway('deploy', '--accept', 'drift')
      rmSync(migrationFile(scene, '3_down_fails', 'down.sql'))
      await follow(scene, await scene.slipway('rollback', '--steps', '2', ...confirmed(scene)), {
        code: 'ROLLBACK.DOWN_INCOMPLETE',
      })
    },
  },
  'a rollback that needs a value': {
    migrations: [
      { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);' },
      { name: '2_optional', sql: 'ALTER TABLE customer ALTER COLUMN name DROP NOT NULL;' },
    ],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql('INSERT INTO customer VALUES (1, NULL)')
      await follow(scene, await scene.slipway('rollback', ...confirmed(scene)), {
        code: 'ROLLBACK.VALUE_NEEDED',
      })
    },
  },
  'a rollback with drift': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      await byHand(scene)
      await follow(scene, await scene.slipway('rollback', ...confirmed(scene)), {
        code: 'ROLLBACK.NOT_RESTORED',
      })
    },
  },
  'drift before a deploy': {
    async play(scene) {
      await scene.slipway('deploy')
      await byHand(scene)
      await follow(scene, await scene.slipway('deploy'))
      addMigration(scene.root, MORE)
      await follow(scene, await scene.slipway('drift', '--write', 'by_hand', ...confirmed(scene)), {
        code: 'DRIFT.NOT_ADOPTABLE',
      })
      addMigration(scene.root, { name: '3_note', sql: 'CREATE TABLE note (id int);' })
      await scene.production.sql('CREATE TABLE by_hand_too (id int)')
      await follow(scene, await scene.slipway('deploy'), { code: 'DEPLOY.DRIFT' })
    },
  },
  'rows on which a pending statement fails, with drift': {
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql('INSERT INTO customer VALUES (1, NULL)')
      await byHand(scene)
      addMigration(scene.root, {
        name: '2_required',
        sql: 'ALTER TABLE customer ALTER COLUMN name SET NOT NULL;',
      })
      const refused = await scene.slipway('deploy', '--accept', 'drift')
      expect(refused.next.at(-1)?.args).toEqual(['deploy', '--accept', 'drift,pre-check'])
      await follow(scene, refused, {
        code: 'DEPLOY.PRE_CHECK_FAILED',
        before: () => scene.production.sql(`UPDATE customer SET name = 'a'`),
      })
    },
  },
  'data that is destroyed without a confirmation': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql(`INSERT INTO customer VALUES (1, 'a', 'a@b')`)
      const refused = await scene.slipway('rollback', '--to', '1_init')
      expect(refused.next.at(-1)?.args).toEqual(['rollback', ...confirmed(scene), '--to', '1_init'])
      await follow(scene, refused, { code: 'DEPLOY.CONSENT_NEEDED' })
      addMigration(scene.root, { name: '3_drop', sql: 'ALTER TABLE customer DROP COLUMN name;' })
      await follow(scene, await scene.slipway('deploy', '--no-keep', '--confirm', 'other'), {
        code: 'DEPLOY.CONSENT_NEEDED',
      })
      await follow(scene, await scene.slipway('kept prune', '--all'), {
        code: 'DEPLOY.CONSENT_NEEDED',
      })
      await follow(scene, await scene.slipway('kept restore', 'all'), {
        code: 'CLI.ARGUMENT_UNEXPECTED',
      })
    },
  },
  'changes that each need a confirmation': {
    config:
      "{ environments: { production: { url: 'env:PRODUCTION_URL', confirm: true }, development: {} } }",
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), { code: 'APP.CONSENT_NEEDED' })
      const pruned = await scene.slipway('kept prune', '--older-than', '90d')
      expect(pruned.next.at(-1)?.args).toEqual([
        'kept',
        'prune',
        '--older-than',
        '90d',
        ...confirmed(scene),
      ])
      await follow(scene, pruned, { code: 'APP.CONSENT_NEEDED' })
      const seeded = await scene.slipway('seed run')
      expect(seeded.next.at(-1)?.args).toEqual(['seed', 'run', ...confirmed(scene)])
      await follow(scene, seeded, { code: 'APP.CONSENT_NEEDED' })
      await scene.slipway('backup create')
      const restored = await scene.slipway('backup restore', '--drop-old', '--jobs', '2')
      expect(restored.next.at(-1)?.args).toEqual([
        'backup',
        'restore',
        '--drop-old',
        '--jobs',
        '2',
        ...confirmed(scene),
      ])
      await follow(scene, restored, { code: 'APP.CONSENT_NEEDED' })
    },
  },
  'a restore into a database that is not empty': {
    async play(scene) {
      await scene.slipway('deploy')
      await scene.slipway('backup create')
      await follow(scene, await scene.slipway('backup restore', '--drop-old'), {
        code: 'BACKUP.TARGET_NOT_EMPTY',
      })
    },
  },
  'a reset that is not confirmed': {
    config: "{ environments: { testing: { url: 'env:PRODUCTION_URL' }, development: {} } }",
    way: 'environment',
    async play(scene) {
      await follow(scene, await scene.run(['reset', '--cwd', 'my shop', '--env', 'testing']), {
        code: 'REPAIR.RESET_NOT_CONFIRMED',
        environment: 'testing',
      })
    },
  },
  'a reset of production': {
    async play(scene) {
      await follow(scene, await scene.slipway('reset'), { code: 'REPAIR.RESET_REFUSED' })
    },
  },
  'a history of another database product': {
    models: 'model Customer {\n  id Int @id\n}\n',
    async play(scene) {
      writeFileSync(scene.file('prisma/migrations/migration_lock.toml'), 'provider = "mysql"\n')
      await follow(scene, await scene.slipway('status'), {
        code: 'PROJECT.PROVIDER_SWITCHED',
        before: () => rmSync(scene.file('prisma/migrations'), { recursive: true }),
      })
    },
  },
  'hazards on a protected target': {
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql(
        'INSERT INTO customer SELECT n, n::text FROM generate_series(1, 200000) n; ANALYZE customer',
      )
      addMigration(scene.root, {
        name: '2_index',
        sql: 'CREATE INDEX by_name ON customer (name);',
      })
      await follow(scene, await scene.slipway('check', '--all'))
      await follow(scene, await scene.slipway('deploy'), { code: 'DEPLOY.HAZARDS' })
    },
  },
  'a deploy with unannounced destruction': {
    migrations: [INIT],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql(`INSERT INTO customer VALUES (1, 'a')`)
      const sql = 'DO $$ BEGIN DELETE FROM customer; END $$;'
      addMigration(scene.root, { name: '2_wipe', sql })
      await follow(scene, await scene.slipway('deploy'), { code: 'DEPLOY.UNANNOUNCED' })
    },
  },
  'a fix, shown and written': {
    migrations: [
      INIT,
      { name: '2_index', sql: 'CREATE INDEX by_name ON customer (name);' },
      { name: '3_note', sql: 'CREATE TABLE note (id int);' },
    ],
    async play(scene) {
      await follow(scene, await scene.slipway('check', '2_index'))
      const shown = await scene.slipway('fix', '2_index')
      await follow(scene, shown)
      writeFileSync(migrationFile(scene, '2_index'), 'CREATE INDEX by_name ON customer (name);')
      await follow(scene, await scene.slipway('fix', '2_index', '--write'))
    },
  },
  'expired plans, and plans of another state': {
    async play(scene) {
      await scene.slipway('plan', '--out', 'my plan.json')
      addMigration(scene.root, MORE)
      await follow(scene, await scene.slipway('deploy', '--plan', 'my plan.json'), {
        code: 'DEPLOY.PLAN_CHANGED',
      })
      writeFileSync(scene.file('my plan.json'), '{}')
      await follow(scene, await scene.slipway('deploy', '--plan', 'my plan.json'), {
        code: 'DEPLOY.PLAN_UNREADABLE',
      })
    },
  },
  'a failed migration, and each decision about it': {
    migrations: [INIT, STOPS],
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), { code: 'DEPLOY.INCOMPLETE' })
      await follow(scene, await scene.slipway('status'))
      await follow(scene, await scene.slipway('repair', '--finish', ...confirmed(scene)), {
        code: 'REPAIR.NOT_OFFERED',
      })
      // The suggested undo has run: repeating it is not a failure, and no other decision is possible.
      expect((await scene.slipway('repair', '--undo')).failure).toBe(null)
      await follow(scene, await scene.slipway('repair', '--finish'), { code: 'REPAIR.NOT_OFFERED' })
      await scene.slipway('deploy')
      writeFileSync(
        migrationFile(scene, '3_stops'),
        STOPS.sql.replace('by_name', 'renamed').replace('(nothing)', '(name)'),
      )
      await follow(scene, await scene.slipway('repair'), { may: ['REPAIR.NOT_OFFERED'] })
    },
  },
  'a migration that the history records twice': {
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql(
        `INSERT INTO _prisma_migrations
         SELECT 'again', checksum, finished_at, migration_name, logs, rolled_back_at, started_at, applied_steps_count
         FROM _prisma_migrations WHERE migration_name = '1_init'`,
      )
      await follow(scene, await scene.slipway('status'))
    },
  },
  'a migration that fails as a whole': {
    migrations: [INIT, FAILS],
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DEPLOY.STATEMENT_FAILED',
        before: () => writeFileSync(migrationFile(scene, '3_fails'), 'SELECT 1;'),
      })
    },
  },
  'an edited migration': {
    migrations: [INIT, MORE],
    async play(scene) {
      await commit(scene)
      await scene.slipway('deploy')
      for (const name of ['1_init', '2_more'])
        appendFileSync(migrationFile(scene, name), 'SELECT 1;')
      await follow(scene, await scene.slipway('repair', '--accept-edit', '--harmless', '1_init'), {
        code: 'REPAIR.EDIT_MATTERS',
      })
      // Only the named migration was accepted.
      const edited = await scene.slipway('deploy')
      expect(edited.failure?.message).toContain('2_more')
      await follow(scene, edited, { code: 'HISTORY.EDITED' })
      for (const name of ['1_init', '2_more'])
        appendFileSync(migrationFile(scene, name), 'SELECT 2;')
      await follow(scene, await scene.slipway('repair'))
    },
  },
  'migrations that the project lacks': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      rmSync(scene.file('prisma/migrations/2_more'), { recursive: true })
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.MISSING' })
      addMigration(scene.root, { name: '2_other', sql: 'CREATE TABLE other (id int);' })
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.DIVERGED' })
      await follow(scene, await scene.slipway('repair'))
    },
  },
  'a decision that does not fit': {
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('repair', '--undo'), { code: 'REPAIR.NOT_OFFERED' })
    },
  },
  'several failed migrations': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql(
        'UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0',
      )
      await follow(scene, await scene.slipway('repair', '--mark', 'applied'), {
        code: 'REPAIR.NOT_OFFERED',
      })
      expect((await scene.slipway('status')).failure).toBe(null)
    },
  },
  'a deploy that gets no lock': {
    migrations: [INIT],
    config: IMPATIENT,
    async play(scene) {
      await scene.slipway('deploy')
      addMigration(scene.root, MORE)
      const blocked = await holding(scene, 'customer', () => scene.slipway('deploy'))
      await follow(scene, blocked, { code: 'DEPLOY.LOCK_TIMEOUT' })
      const back = await holding(scene, 'customer', () =>
        scene.slipway('rollback', '--to', '1_init', ...confirmed(scene)),
      )
      await follow(scene, back, { code: 'DEPLOY.LOCK_TIMEOUT' })
    },
  },
  'a migration that a lock stops between two statements': {
    migrations: [INIT, { name: '1_held', sql: 'CREATE TABLE held (id int);' }],
    config: IMPATIENT,
    async play(scene) {
      await scene.slipway('deploy')
      const steps = (column: string) =>
        `CREATE INDEX CONCURRENTLY by_${column} ON customer (name);\nALTER TABLE held ADD ${column} int;\n`
      const held = (command: string, ...more: string[]) =>
        holding(scene, 'held', () => scene.slipway(command, ...more))
      const add = (name: string, column: string) => {
        const down = `DROP INDEX CONCURRENTLY by_${column};\nALTER TABLE held DROP ${column};\n`
        addMigration(scene.root, { name, sql: steps(column), down })
      }
      add('2_steps', 'a')
      await follow(scene, await held('deploy'), { code: 'DEPLOY.INCOMPLETE' })
      add('3_steps', 'b')
      await held('deploy')
      await follow(scene, await scene.slipway('status'))
      await held('rollback', ...confirmed(scene))
      await follow(scene, await scene.slipway('status'))
      await scene.slipway('rollback', ...confirmed(scene))
      await held('deploy')
      writeFileSync(migrationFile(scene, '3_steps'), steps('d'))
      await follow(scene, await scene.slipway('deploy'), { code: 'DEPLOY.JOURNAL_MISMATCH' })
    },
  },
  'code that commits by itself, cut off': {
    migrations: [
      {
        name: '1_init',
        sql: 'CREATE TABLE log (line text); CREATE TABLE held (since date);',
      },
    ],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql('INSERT INTO held VALUES (now())')
      addMigration(scene.root, {
        name: '2_work',
        sql: `DO $$ BEGIN INSERT INTO log VALUES ('once'); COMMIT; PERFORM pg_sleep(60) FROM held; END $$;`,
      })
      const running = scene.slipway('deploy', ...confirmed(scene))
      await expect
        .poll(() => scene.production.sql('SELECT FROM log'), { timeout: 60_000 })
        .toHaveLength(1)
      await scene.production.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'`)
      await running
      await follow(scene, await scene.slipway('deploy', ...confirmed(scene)), {
        code: 'DEPLOY.OUTCOME_UNKNOWN',
      })
    },
  },
  'a repair that fails, and one that begins at a wrong statement': {
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql("INSERT INTO customer VALUES (1, 'a'), (2, 'a')")
      addMigration(scene.root, {
        name: '2_unique',
        sql: 'CREATE INDEX CONCURRENTLY by_name ON customer (name);\nCREATE UNIQUE INDEX CONCURRENTLY one_name ON customer (name);\n',
      })
      await scene.slipway('deploy', '--accept', 'pre-check')
      await follow(scene, await scene.slipway('repair', '--finish', '--from', '9'), {
        code: 'REPAIR.NOT_OFFERED',
      })
      await follow(scene, await scene.slipway('repair', '--finish'), {
        code: 'REPAIR.STATEMENT_FAILED',
      })
    },
  },
  'a role without rights': {
    way: 'environment',
    async play(scene) {
      const { production } = scene
      const role = `${production.name}_role`
      await production.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'a long secret'`)
      const url = new URL(production.url)
      const own = Object.assign(new URL(url), { username: role, password: 'a long secret' })
      try {
        scene.env['PRODUCTION_URL'] = String(own)
        await follow(scene, await scene.slipway('deploy'), { code: 'DATABASE.PERMISSION' })
        scene.env['PRODUCTION_URL'] = production.url
        await scene.slipway('deploy')
        scene.env['PRODUCTION_URL'] = String(own)
        await follow(scene, await scene.slipway('status'), { code: 'DATABASE.PERMISSION' })
      } finally {
        await production.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    },
  },
  'a sync of seeds between databases that differ': {
    migrations: [INIT],
    async play(scene) {
      const staging = await createTarget()
      try {
        const there = ['--cwd', 'my shop', '--env', 'production', '--url', staging.url]
        await scene.run(['deploy', ...there])
        const sync = () => scene.slipway('seed sync', '--tables', 'customer', '--from', staging.url)
        await follow(scene, await sync(), { code: 'SEEDS.TABLE_MISSING' })
        await scene.production.sql('ALTER TABLE customer ADD COLUMN by_hand int')
        await follow(scene, await sync(), { code: 'SEEDS.SCHEMAS_DIFFER' })
        const same = ['--from', scene.production.url]
        await follow(scene, await scene.slipway('seed sync', '--tables', 'customer', ...same), {
          code: 'SEEDS.SAME_DATABASE',
        })
      } finally {
        await staging.drop()
      }
    },
  },
  'a connection that breaks': {
    migrations: [INIT, { name: '2_breaks', sql: 'SELECT pg_terminate_backend(pg_backend_pid());' }],
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DEPLOY.CONNECTION_LOST',
        before: () => writeFileSync(migrationFile(scene, '2_breaks'), 'SELECT 1;'),
      })
    },
  },
  'a server that does not exist': {
    env: { PRODUCTION_URL: 'postgresql://postgres@127.0.0.1:1/shop' },
    way: 'environment',
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DATABASE.UNREACHABLE',
        may: ['DATABASE.UNREACHABLE'],
      })
    },
  },
  'a connection string that cannot be read': {
    env: { PRODUCTION_URL: 'shop' },
    way: 'environment',
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DATABASE.URL_INVALID',
        may: ['DATABASE.URL_INVALID'],
      })
    },
  },
  'a database of another kind': {
    env: { PRODUCTION_URL: 'mysql://a@b/c' },
    way: 'environment',
    async play(scene) {
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DATABASE.PROVIDER_UNSUPPORTED',
        may: ['DATABASE.PROVIDER_UNSUPPORTED'],
      })
    },
  },
  'variables that are not set': {
    config: "{ shadow: 'env:NO_SHADOW', environments: { production: { url: 'env:NO_URL' } } }",
    async play(scene) {
      const target = scene.env['PRODUCTION_URL'] ?? ''
      const named = ['--cwd', 'my shop', '--env', 'production']
      await follow(scene, await scene.run(['status', ...named]), {
        code: 'PROJECT.URL_MISSING',
        may: ['PROJECT.URL_MISSING'],
      })
      await follow(scene, await scene.run(['deploy', ...named, '--url', target]), {
        code: 'PROJECT.URL_MISSING',
        may: ['PROJECT.URL_MISSING'],
      })
    },
  },
  'an environment that is misspelled': {
    async play(scene) {
      await follow(scene, await scene.run(['status', '--cwd', 'my shop', '--env', 'produktion']), {
        code: 'PROJECT.ENVIRONMENT_UNKNOWN',
      })
    },
  },
  'a database with tables and no history': {
    async play(scene) {
      await byHand(scene)
      await scene.production.sql(INIT.sql)
      await follow(scene, await scene.slipway('deploy'), {
        code: 'HISTORY.NOT_EMPTY',
        may: ['REPAIR.NO_BASELINE'],
      })
      await follow(scene, await scene.slipway('baseline'), { code: 'REPAIR.NO_BASELINE' })
      await follow(scene, await scene.slipway('baseline'), { code: 'REPAIR.HISTORY_EXISTS' })
    },
  },
  'a baseline of a part of the history, and of all': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.production.sql(INIT.sql)
      await follow(scene, await scene.slipway('baseline', '--to', 'nothing'), {
        code: 'REPAIR.UNKNOWN_MIGRATION',
      })
      await follow(scene, await scene.slipway('baseline'))
      await scene.production.sql('DROP TABLE _prisma_migrations; DROP SCHEMA slipway CASCADE')
      await follow(scene, await scene.slipway('baseline'))
    },
  },
  'a baseline of an empty database': {
    async play(scene) {
      await follow(scene, await scene.slipway('baseline'), { code: 'REPAIR.NO_BASELINE' })
    },
  },
  'a project without migrations': {
    migrations: [],
    models: 'model Customer {\n  id Int @id\n}\n',
    async play(scene) {
      await scene.production.sql('CREATE TABLE "Customer" (id int PRIMARY KEY)')
      await follow(scene, await scene.slipway('baseline'), { code: 'REPAIR.NO_MIGRATIONS' })
    },
  },
  'a project without a folder of migrations': {
    migrations: [],
    models: 'model Customer {\n  id Int @id\n}\n',
    async play(scene) {
      rmSync(scene.file('prisma/migrations'), { recursive: true })
      await follow(scene, await scene.slipway('deploy'), {
        code: 'PROJECT.MIGRATIONS_MISSING',
        may: ['REPAIR.NO_BASELINE'],
      })
    },
  },
  'a new migration, and an undecided rename': {
    migrations: [
      { name: '1_init', sql: 'CREATE TABLE "Customer" ("id" INTEGER PRIMARY KEY, "name" TEXT);' },
    ],
    models: 'model Customer {\n  id    Int @id\n  title String?\n}\n',
    async play(scene) {
      const asked = await scene.slipway('create', 'title')
      await follow(scene, asked, {
        code: 'CREATE.RENAME_UNDECIDED',
        before: () =>
          execFileSync('sh', ['-c', 'rm -rf prisma/migrations/2*'], { cwd: scene.root }),
      })
      execFileSync('sh', ['-c', 'rm -rf prisma/migrations/2*'], { cwd: scene.root })
      await follow(scene, await scene.slipway('create', 'title', '--no-rename'), {
        before: () => scene.slipway('deploy'),
      })
    },
  },
  'the configuration': {
    async play(scene) {
      await follow(scene, await scene.slipway('init'), { code: 'APP.CONFIG_EXISTS' })
      for (const file of ['settings/slipway.config.ts', 'slipway.config.ts'])
        rmSync(scene.file(file))
      const url = ['--cwd', 'my shop', '--url', scene.env['PRODUCTION_URL'] ?? '']
      await follow(scene, await scene.run(['init', ...url]), { environment: 'development' })
    },
  },
  'a squash, from its draft to a target': {
    migrations: [INIT, MORE, { name: '3_note', sql: 'CREATE TABLE note (id int);' }],
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('squash', '--to', '9'), {
        code: 'SQUASH.UNKNOWN_MIGRATION',
      })
      await follow(scene, await scene.slipway('squash', '--from', '3_note', '--to', '3_note'), {
        code: 'SQUASH.NOTHING',
      })
      const uncommitted = await scene.slipway('squash', 'all', '--to', '2_more', '--write')
      expect(uncommitted.next.at(-1)?.args).toEqual([
        'squash',
        'all',
        '--write',
        '--accept',
        'uncommitted',
        '--to',
        '2_more',
      ])
      await commit(scene)
      await follow(scene, await scene.slipway('squash', 'all', '--to', '2_more'))
      git(scene, 'checkout', '--', 'prisma')
      git(scene, 'clean', '-fdq', 'prisma')
      await follow(scene, await scene.slipway('squash', 'all', '--to', '2_more', '--write'))
      git(scene, 'checkout', '--', 'prisma')
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.SQUASH_UNFINISHED' })
      git(scene, 'checkout', '--', 'prisma')
      await follow(scene, await scene.slipway('squash'))
      git(scene, 'checkout', '--', 'prisma')
      await follow(scene, await scene.slipway('squash', '--write'))
    },
  },
  'a squash of uncommitted migrations': {
    migrations: [INIT, MORE],
    async play(scene) {
      await follow(scene, await scene.slipway('squash', 'all', '--write'), {
        code: 'SQUASH.UNCOMMITTED',
      })
    },
  },
  'a squash that a target has not recorded': {
    migrations: [INIT, MORE, { name: '3_note', sql: 'CREATE TABLE note (id int);' }],
    async play(scene) {
      await commit(scene)
      await scene.slipway('deploy')
      await scene.slipway('squash', 'all', '--to', '2_more', '--write')
      await follow(scene, await scene.slipway('rollback', ...confirmed(scene)), {
        code: 'ROLLBACK.SQUASHED',
      })
      const all = await scene.slipway('rollback', '--steps', '2', ...confirmed(scene))
      await follow(scene, all, { code: 'ROLLBACK.SQUASHED' })
      const last = await scene.slipway('rollback', ...confirmed(scene))
      expect(last.next.filter(({ args }) => args !== undefined)).toEqual([])
    },
  },
  'a squash that a plan records': {
    migrations: [INIT, MORE],
    async play(scene) {
      await commit(scene)
      await scene.slipway('deploy')
      await scene.slipway('squash', 'all', '--write')
      await follow(scene, await scene.slipway('plan'))
    },
  },
  'a squash of a migration that was edited after a deploy': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      appendFileSync(migrationFile(scene, '1_init'), '\nSELECT 1;\n')
      await commit(scene)
      await scene.slipway('squash', 'all', '--write')
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.EDITED' })
    },
  },
  'a squash of which a target has a part': {
    migrations: [INIT, MORE],
    async play(scene) {
      await commit(scene)
      rmSync(scene.file('prisma/migrations/2_more'), { recursive: true })
      await scene.slipway('deploy')
      git(scene, 'checkout', '--', 'prisma')
      await scene.slipway('squash', 'all', '--write')
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.SQUASHED_PARTLY' })
    },
  },
  'kept data': {
    migrations: [INIT, MORE],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql("INSERT INTO customer VALUES (1, 'a', 'a@b')")
      expect(await scene.slipway('rollback', ...confirmed(scene))).toMatchObject({ failure: null })
      await follow(scene, await scene.slipway('deploy'))
      await follow(scene, await scene.slipway('kept restore', '99'), {
        code: 'SAFEKEEPING.UNKNOWN',
      })
    },
  },
  'kept data without a place to restore it to': {
    migrations: [INIT],
    async play(scene) {
      await scene.slipway('deploy')
      await scene.production.sql("INSERT INTO customer VALUES (1, 'xy')")
      const gone = "IF EXISTS (SELECT FROM customer WHERE md5(name) = md5('x' || 'y'))"
      const sql = `DO $$ BEGIN ${gone} THEN ALTER TABLE customer DROP COLUMN name; END IF; END $$;`
      addMigration(scene.root, { name: '2_code', sql })
      await scene.slipway('deploy', '--accept', 'unannounced', ...confirmed(scene))
      const accept = ['--accept', 'unproven', ...confirmed(scene)]
      await follow(scene, await scene.slipway('rollback', ...accept), {
        code: 'ROLLBACK.STILL_KEPT',
        before: () => scene.production.sql('ALTER TABLE customer ADD COLUMN name text'),
      })
      expect(await scene.production.sql('SELECT name FROM customer')).toEqual([{ name: 'xy' }])
    },
  },
  'a history that does not replay': {
    migrations: [INIT, { name: '2_platform', sql: 'ALTER TABLE platform ADD COLUMN a int;' }],
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('squash'), { code: 'SHADOW.REPLAY_FAILED' })
    },
  },
  'seeds that do not exist, and seeds without a unique key': {
    migrations: [
      { name: '1_init', sql: 'CREATE TABLE "Customer" ("id" INTEGER PRIMARY KEY, "name" TEXT);' },
    ],
    models: 'model Customer {\n  id   Int     @id\n  name String?\n}\n',
    async play(scene) {
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('seed run'))
      mkdirSync(scene.file('prisma/seeds/base'), { recursive: true })
      const tables = { Customer: { key: ['name'] } }
      const set = { version: 1, environments: ['production'], tables }
      writeFileSync(scene.file('prisma/seeds/base/set.json'), JSON.stringify(set))
      writeFileSync(scene.file('prisma/seeds/base/Customer.csv'), 'id,name\n1,a\n')
      const schema = 'model Customer {\n  id   Int     @id\n  name String? @unique\n}\n'
      const datasource = 'datasource db {\n  provider = "postgresql"\n}\n\n'
      await follow(scene, await scene.slipway('seed run'), {
        code: 'SEEDS.KEY_NOT_UNIQUE',
        before: () => writeFileSync(scene.file('prisma/schema.prisma'), datasource + schema),
      })
    },
  },
  seeds: {
    migrations: [INIT],
    async play(scene) {
      mkdirSync(scene.file('prisma/seeds/base'), { recursive: true })
      const write = (set: object) =>
        writeFileSync(scene.file('prisma/seeds/base/set.json'), JSON.stringify(set))
      writeFileSync(scene.file('prisma/seeds/base/customer.csv'), 'id,name\n1,a\n')
      const set = {
        version: 2,
        environments: ['production'],
        tables: { customer: { key: ['id'] } },
      }
      write(set)
      await follow(scene, await scene.slipway('seed run'), { code: 'SEEDS.MIGRATIONS_PENDING' })
      await scene.slipway('seed run')
      write({ ...set, version: 1 })
      await follow(scene, await scene.slipway('seed run'), { code: 'SEEDS.NEWER_DATABASE' })
      write({ ...set, environments: ['testing'] })
      await follow(scene, await scene.slipway('seed run', '--set', 'base'), {
        code: 'SEEDS.NOT_HERE',
      })
    },
  },
}

const COMBINATIONS = FULL
  ? (Object.keys(TARGET_SELECTIONS) as TargetSelection[]).flatMap((way) =>
      PROGRAMS.map((program) => ({ way, program })),
    )
  : []

const ALL = [
  ...Object.entries(STORIES).map(([name, story]) => ({ name, story, provider: undefined })),
  ...Object.entries(SQLITE_STORIES).map(([name, story]) => {
    return { name: `SQLite: ${name}`, story, provider: 'sqlite' as const }
  }),
].map((one, index) => ({ ...one, index }))

/** SCENES=all plays each scene once; the long form plays each in all ways, with all programs. */
const SCENES = process.env['SCENES'] === 'all' ? ALL : shortForm(ALL)

describe.each(SCENES)('$name', ({ story, provider, index }) => {
  const ways = Object.keys(TARGET_SELECTIONS) as TargetSelection[]
  const usual = {
    way: story.way ?? ways[index % ways.length] ?? 'environment',
    program: PROGRAMS[index % PROGRAMS.length] ?? PROGRAMS[0],
  }
  const combinations = FULL
    ? COMBINATIONS.filter(({ way }) => story.way === undefined || story.way === way)
    : [usual]
  test.each(combinations)(
    'by $way, with $program',
    async ({ way, program }) => {
      const { migrations = [INIT], play, ...more } = story
      const trapFile = path.join(tmpdir(), `slipway-trap-${process.pid}.db`)
      const trapped = provider === 'sqlite' ? { url: `file:${trapFile}` } : development
      const scene = await setScene(trapped, { migrations, ...more, provider, way, program })
      try {
        await play(scene)
        expect(existsSync(trapFile)).toBe(false)
        const trap = "SELECT to_regclass('_prisma_migrations')::text AS t"
        expect(await development.sql(trap)).toEqual([{ t: null }])
      } finally {
        await scene.remove()
      }
    },
    300_000,
  )
})

/** Places that no scene reaches, by the beginning of their text, with the reason. */
const NOT_REACHED: readonly (readonly [file: string, text: string, why: string])[] = [
  [
    'database/postgres/describe-error.ts',
    "const STATUS = command(['status']",
    'a connection that breaks outside of a migration: crash.test.ts',
  ],
  [
    'deploy/postgres/lock.ts',
    "nextActions: [command(['status']",
    'a lock that is released meanwhile: lock-lost.test.ts',
  ],
  [
    'app/status.ts',
    "? [command(['deploy'], 'record the squash')]",
    'squash.test.ts deploys a left-over',
  ],
  [
    'database/postgres/pooler.ts',
    "command(['doctor']",
    'needs PgBouncer: bad-input/server.test.ts',
  ],
  ['database/postgres/with-postgres.ts', "command(['doctor']", 'needs PostgreSQL 12'],
  ['deploy/target.ts', "nextActions: [command(['doctor'], 'see which server", 'needs a standby'],
  [
    'check/load/load.ts',
    "nextActions: [command(['check'], 'test the migrations without load",
    'load.test.ts runs it on SQLite',
  ],
  [
    'create/create-migration.ts',
    "command(['create', name, '--empty']",
    'SQL that the shadow database refuses: create-migration.test.ts',
  ],
  [
    'database/address-of.ts',
    "nextActions: [command(['doctor'], 'see where",
    'libSQL: project/sqlite/target.test.ts',
  ],
  [
    'database/address-of.ts',
    "command(['doctor'], 'see where",
    'no SQLite file: project/sqlite/target.test.ts',
  ],
  [
    'deploy/drift.ts',
    "command(['doctor'], 'show which server",
    'needs a machine without shadow databases',
  ],
  ['deploy/drift.ts', "command(['deploy', '--accept', 'drift'], 'record it", 'the same machine'],
  [
    'deploy/verify.ts',
    "nextActions: [command(['drift']",
    'the server fails after the last statement',
  ],
  [
    'execution/failure-in-run.ts',
    "return [command(again, 'roll back",
    'a signal: stopping.test.ts',
  ],
  [
    'execution/failure-in-run.ts',
    "? [command(again, 'continue",
    'a down migration that stops in the middle: rollback.test.ts',
  ],
  ['execution/run-failures.ts', "command(['status']", 'a signal: stopping.test.ts'],
  [
    'repair/repair.ts',
    "nextActions: [command(['repair'], 'see why')]",
    'needs a machine without shadow databases',
  ],
  ['repair/repair.ts', "nextActions: [command(['drift']", 'the schema changes while a repair runs'],
  [
    'rollback/explain-failure.ts',
    "command(['drift'], 'see what was changed')",
    'a type that was changed by hand: rows-changed-since.test.ts',
  ],
  [
    'backup/stores/',
    "command(['backup', 'prune']",
    'a full disk or bucket: folder.test.ts, s3.test.ts',
  ],
  [
    'backup/postgres/throw-away.ts',
    "command(['backup', 'verify', id, '--quick']",
    'needs a machine without PostgreSQL',
  ],
  [
    'drift/adopt.ts',
    "command(['drift'], 'see what it must do')",
    'a difference that the written migration cannot reproduce',
  ],
  ['testing/', 'command(', 'for tests of applications, which have no command line'],
  ['repair/reset.ts', '...(destroys.length > 1', 'only for development: reset.test.ts'],
  [
    'app/backup-gate.ts',
    "nextActions: [command(['backup', 'verify', id]",
    'a backup that differs: deploy-gate.test.ts',
  ],
  [
    'backup/compare.ts',
    "nextActions: [command(['backup', 'list'], 'choose",
    'a restore that differs',
  ],
  ['repair/undo.ts', 'command(', 'a schema that the differ cannot restore'],
  [
    'deploy/sqlite/run-tested.ts',
    "nextActions: [command(['status'], 'see what is applied'), command(words, 'try again')]",
    'another deploy at the same moment',
  ],
  [
    'deploy/sqlite/deploy.ts',
    "nextActions: [command(['drift'], 'show",
    'the schema changes while a deploy runs',
  ],
  [
    'rollback/sqlite/time-travel.ts',
    "nextActions: [command(['status']",
    'needs a remote D1 database',
  ],
  ['app/rollback-by-time-travel.ts', 'const next', 'needs a remote D1 database'],
  ['backup/sqlite/restore-remote.ts', '', 'needs a remote D1 database: d1-backup-faults.test.ts'],
  ['seeds/sqlite/run.ts', 'command([', 'a lost answer: seed-d1.test.ts'],
  ['deploy/sqlite/run.ts', 'command([', 'a lost answer: d1-deploy.test.ts'],
  [
    'rollback/sqlite/rollback.ts',
    "nextActions: [command(['drift'], 'show",
    'the schema changes while a rollback runs',
  ],
  [
    'rollback/sqlite/rollback.ts',
    "nextActions: [command(['kept', 'list'], 'see what",
    'a down migration of an older proof, which creates no table for kept data',
  ],
]

test.runIf(SCENES.length === ALL.length)(
  'each suggestion is run by a scene, or listed with the reason why not',
  () => {
    const open = [...suggestionSites()].filter(
      ([site, text]) =>
        !executed.has(site) &&
        !NOT_REACHED.some(
          ([file, begin]) =>
            site.startsWith(file.endsWith('/') ? file : `${file}:`) && text.startsWith(begin),
        ),
    )
    expect(open.map(([site, text]) => `${site} ${text}`)).toEqual([])
  },
)
