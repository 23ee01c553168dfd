import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages } from './target.ts'

// A publication FOR ALL TABLES includes those of the ledger. PostgreSQL then refuses to change rows of a
// table without a replica identity.

test('on a database whose tables are all published, destroyed data is kept and restored', async () => {
  const target = await createTarget()
  const root = writeProject([
    {
      name: '1_init',
      sql: 'CREATE TABLE a (id integer PRIMARY KEY, v text, w text); CREATE TABLE keyless (n integer, v text);',
    },
  ])
  shareImages(root)
  const slipway = async (...words: string[]) => {
    const run = await runCli([...words, '--url', target.url, '--json'], { cwd: root })
    expect(run.exitCode, run.stdout).toBe(0)
  }
  try {
    await target.sql('CREATE PUBLICATION everything FOR ALL TABLES')
    await slipway('deploy')
    await target.sql(`INSERT INTO a SELECT i, 'v' || i, 'w' || i FROM generate_series(1, 9) AS i`)
    await target.sql(`INSERT INTO keyless SELECT i, 'v' || i FROM generate_series(1, 9) AS i`)
    const rows = await target.sql('SELECT * FROM a ORDER BY id')
    const keyless = await target.sql('SELECT * FROM keyless ORDER BY n')
    addMigration(root, {
      name: '2_less',
      sql: `DELETE FROM a WHERE id > 6; UPDATE a SET w = 'x' WHERE id < 3; ALTER TABLE a DROP COLUMN v; ALTER TABLE keyless DROP COLUMN v;`,
    })
    await slipway('deploy')
    await slipway('rollback')
    expect(await target.sql('SELECT id, v, w FROM a ORDER BY id')).toEqual(rows)
    expect(await target.sql('SELECT * FROM keyless ORDER BY n')).toEqual(keyless)
    const identity = `SELECT relreplident FROM pg_class WHERE relname = 'keyless'`
    expect(await target.sql(identity)).toEqual([{ relreplident: 'd' }])
    await slipway('deploy')
    await slipway('drift')
  } finally {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})
