import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { getPlatformProxy } from 'wrangler'
import { readObjects } from '../src/backup/sqlite/objects.ts'
import { allRowsSql, pagesOf } from '../src/backup/sqlite/remote-rows.ts'
import { remoteScript } from '../src/backup/sqlite/remote-script.ts'
import { inThrowAway } from '../src/backup/sqlite/throw-away-file.ts'
import { readVirtualTables } from '../src/backup/sqlite/virtual-tables.ts'
import type { Row, Session } from '../src/database/index.ts'
import { D1_CONTENTS } from './d1-backups.ts'
import { wrangler, writeWorker } from './wrangler.ts'

// Cloudflare's own D1 accepts the script of a restore, and returns the same rows for the queries of a backup.
// Everything else is tested with the stand-in.

/** Without rows that violate foreign keys: wrangler does not switch foreign keys off. */
const CONTENTS = D1_CONTENTS.replaceAll(/^.*(?:nowhere|unkeyed|4711).*$/gm, '')

const LONG = `
  CREATE TABLE long (id INTEGER PRIMARY KEY, t TEXT CHECK (t <> ''), b BLOB UNIQUE);
  INSERT INTO long VALUES (1, printf('%.*c', 900000, 'ü'), NULL), (2, NULL, randomblob(1990000)),
    (3, 'nul' || char(0) || printf('%.*c', 150000, 'x') || '''quoted''', zeroblob(70000)),
    (4, CAST(x'F09F98' AS TEXT), x'00');
  CREATE TABLE wide (${Array.from({ length: 99 }, (_, column) => `column_${column}`).join()});
  INSERT INTO wide SELECT ${Array.from({ length: 99 }, () => 'hex(randomblob(2000))').join()};
  CREATE TABLE reals (v);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO reals SELECT (random() / 7.0) * pow(10, random() % 200) FROM n;
  INSERT INTO notes (notes, rank) VALUES ('automerge', 8);`

interface D1 {
  prepare(sql: string): { all(): Promise<{ readonly results: Row[] }> }
}

test('D1 of workerd runs the script of a restore, and returns its content', async () => {
  const root = writeWorker({ name: 'copy', id: '00000000-0000-4000-8000-000000000003' })
  await inThrowAway({ bytes: 0 }, async (session) => {
    await session.execute(CONTENTS + LONG)
    const objects = await readObjects(session)
    const virtual = await readVirtualTables(session, objects.definitions)
    const source = { session, objects, virtual, excluded: new Set<string>(), breaksChecks: false }
    writeFileSync(path.join(root, 'restore.sql'), remoteScript(source, [], 'mark'))
    const file = ['--file', 'restore.sql']
    const ran = await wrangler(['d1', 'execute', 'DB', '--local', '--yes', ...file], { cwd: root })
    expect(ran.code, ran.stdout + ran.stderr).toBe(0)
    const { env, dispose } = await getPlatformProxy<{ DB: D1 }>({
      configPath: path.join(root, 'wrangler.jsonc'),
      persist: { path: path.join(root, '.wrangler/state/v3') },
    })
    try {
      const query = async (sql: string) => (await env.DB.prepare(sql).all()).results
      const remote = { ...session, query } as Session
      const found = await readObjects(remote)
      expect(found.definitions.map(({ sql }) => sql).toSorted()).toEqual(
        objects.definitions.map(({ sql }) => sql).toSorted(),
      )
      for (const table of objects.tables.filter(({ name }) => !virtual.rebuilt.has(name))) {
        const restored = await linesOf(pagesOf(remote, table))
        expect(restored, table.name).toEqual(await linesOf(pagesOf(session, table)))
        if (table.name === 'long') continue
        const all = await query(allRowsSql(table, { hexadecimal: true }))
        expect(all).toHaveLength(restored.length)
      }
      const settings = await query(`SELECT v FROM notes_config WHERE k = 'automerge'`)
      expect(settings).toEqual([{ v: 8 }])
      expect(
        await query(`SELECT 1 AS found FROM posts_fts WHERE posts_fts MATCH 'quick'`),
      ).toHaveLength(1)
    } finally {
      await dispose()
    }
  })
  rmSync(root, { recursive: true })
}, 120_000)

async function linesOf(pages: AsyncIterable<readonly string[]>): Promise<string[]> {
  const lines: string[] = []
  for await (const page of pages) lines.push(...page)
  return lines
}
