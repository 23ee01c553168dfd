import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { addMigration } from '../project.ts'
import { follow, type Story } from './suggestions.ts'

// The scenes for suggestions that only SQLite has. every-suggestion.test.ts plays them.

const INIT = {
  name: '1_init',
  sql: `CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT);
CREATE TABLE "order" (id INTEGER NOT NULL PRIMARY KEY, customer INTEGER REFERENCES customer (id) ON DELETE CASCADE);`,
}
const ROWS = 'INSERT INTO customer VALUES (1, NULL); INSERT INTO "order" VALUES (1, 1), (2, 1);'

/** Rebuilds its table while foreign keys are enforced: dropping the old table deletes the orders. */
const LOSES = {
  name: '2_loses',
  sql: `CREATE TABLE new_customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT, phone TEXT);
INSERT INTO new_customer (id, name) SELECT id, name FROM customer;
DROP TABLE customer;
ALTER TABLE new_customer RENAME TO customer;`,
}
const ORPHANS = {
  name: '2_orphans',
  sql: 'PRAGMA foreign_keys=OFF;\nDELETE FROM customer WHERE id = 1;\nPRAGMA foreign_keys=ON;',
}
const CONFIRMED = ['--confirm', 'live.db']

/** The scenes by title. */
export const SQLITE_STORIES: Readonly<Record<string, Story>> = {
  'a file that does not exist': {
    migrations: [INIT],
    async play(scene) {
      const file = scene.production.url.replace('file:', '')
      await follow(scene, await scene.slipway('status'), {
        code: 'DATABASE.NOT_FOUND',
        before: () => writeFileSync(file, ''),
      })
    },
  },
  'a database without migrations': {
    migrations: [INIT],
    async play(scene) {
      await scene.production.sql(INIT.sql)
      await follow(scene, await scene.slipway('deploy'), { code: 'HISTORY.NOT_EMPTY' })
    },
  },
  'rows that a foreign key would delete': {
    migrations: [INIT],
    async play(scene) {
      await scene.production.sql('PRAGMA user_version = 1')
      await scene.slipway('deploy')
      await scene.production.sql(ROWS)
      addMigration(scene.root, LOSES)
      await follow(scene, await scene.slipway('deploy'), {
        code: 'DEPLOY.HAZARDS',
        may: ['DEPLOY.UNANNOUNCED'],
      })
      await follow(scene, await scene.slipway('deploy --accept rebuild-cascades'), {
        code: 'DEPLOY.UNANNOUNCED',
      })
      await follow(scene, await scene.slipway('rollback --from-bookmark'), {
        code: 'ROLLBACK.NO_BOOKMARK',
      })
      await follow(scene, await scene.slipway('kept restore 99'), { code: 'SAFEKEEPING.UNKNOWN' })
    },
  },
  'rows that would refer to nothing': {
    migrations: [INIT],
    async play(scene) {
      await scene.production.sql('PRAGMA user_version = 1')
      await scene.slipway('deploy')
      await scene.production.sql(ROWS)
      addMigration(scene.root, ORPHANS)
      await follow(scene, await scene.slipway('deploy', ...CONFIRMED), {
        code: 'DEPLOY.STATEMENT_FAILED',
      })
    },
  },
  'a migration that does not run': {
    migrations: [INIT, { name: '2_fails', sql: 'ALTER TABLE nobody ADD a INTEGER;' }],
    async play(scene) {
      await scene.production.sql(INIT.sql)
      await follow(scene, await scene.slipway('create more'), { code: 'SHADOW.REPLAY_FAILED' })
    },
  },
  'a restore while another process has the file open': {
    migrations: [INIT],
    async play(scene) {
      await scene.production.sql('PRAGMA user_version = 1')
      await scene.slipway('deploy')
      await scene.slipway('backup create')
      const file = scene.production.url.replace('file:', '')
      const reader = spawn('sh', ['-c', 'exec 3<"$1"; echo open; sleep 600', 'sh', file], {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      })
      await once(reader.stdout, 'data')
      const end = () => {
        try {
          process.kill(-(reader.pid ?? 0))
        } catch {}
      }
      try {
        await follow(scene, await scene.slipway('backup restore', ...CONFIRMED), {
          code: 'BACKUP.TARGET_IN_USE',
          before: end,
        })
      } finally {
        end()
      }
    },
  },
  'an inspection': {
    migrations: [INIT],
    async play(scene) {
      await scene.production.sql('PRAGMA user_version = 1')
      await scene.slipway('deploy')
      await follow(scene, await scene.slipway('inspect'), { code: 'INSPECT.NOT_SUPPORTED' })
    },
  },
  'a variable that is not set': {
    config: "{ environments: { production: { url: 'env:NO_URL' } } }",
    async play(scene) {
      const named = ['--cwd', 'my shop', '--env', 'production']
      await follow(scene, await scene.run(['status', ...named]), {
        code: 'PROJECT.URL_MISSING',
        may: ['PROJECT.URL_MISSING'],
      })
    },
  },
}
