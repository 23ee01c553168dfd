import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../test/cluster.ts'
import { startPolyglot } from '../../test/locales.ts'
import { startCluster } from '../../test/postgres.ts'
import { withSession } from '../database/index.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import { withShadowDatabase } from './shadow-database.ts'

// Slipway recognizes an error on a shadow database by its fields, whatever the language of the server's messages. The
// role on a named server may not be permitted to change that language.

const LANGUAGES = ['C', 'de_DE.UTF-8', 'ja_JP.UTF-8']

let cluster: Cluster
let spoken: readonly string[]
let cacheDir: string

beforeAll(async () => {
  const polyglot = await startPolyglot()
  cluster = polyglot ?? (await startCluster())
  spoken = polyglot ? LANGUAGES : ['C']
  cacheDir = mkdtempSync(path.join(os.tmpdir(), 'slipway-shadow-'))
  const roles = spoken.map(
    (language, index) => `CREATE ROLE tester_${index} LOGIN PASSWORD 'x' CREATEDB CREATEROLE;
      ALTER ROLE tester_${index} SET lc_messages = '${language}';`,
  )
  await withSession({ kind: 'postgres', url: new ConnectionString(cluster.url) }, {}, (session) =>
    session.execute(roles.join('\n')),
  )
})
afterAll(async () => {
  rmSync(cacheDir, { recursive: true, force: true })
  await cluster.stop()
})

/** Replays a history of one migration on the server, with messages in a language. */
async function replayed(language: string, sql: string) {
  const index = spoken.indexOf(language)
  const url = new URL(cluster.url)
  url.username = `tester_${index}`
  url.password = 'x'
  const named = new ConnectionString(url.href)
  const history = [{ name: '1_init', sql }]
  return await attempt(() =>
    withShadowDatabase({ dialect: 'postgres', cacheDir, named }, history, async (session) => {
      const { rows } = await session.queryRaw('SHOW lc_messages')
      return rows[0]?.[0]
    }),
  )
}

test.for(LANGUAGES)('in %s', async (language, context) => {
  if (!spoken.includes(language)) return context.skip('This server does not have the locale.')
  const role = `app ${language}`
  const created = await replayed(
    language,
    `CREATE SCHEMA own; GRANT USAGE ON SCHEMA own TO "${role}";`,
  )
  expect(created).toEqual({ ok: true, value: language })

  expect(await replayed(language, 'CREATE EXTENSION "no such-thing";')).toMatchObject({
    failure: {
      code: 'SHADOW.EXTENSION_UNAVAILABLE',
      message: expect.stringContaining('the extension no such-thing, which'),
    },
  })
  const advised = (text: string) => ({
    failure: {
      code: 'SHADOW.REPLAY_FAILED',
      nextActions: expect.arrayContaining([
        { kind: 'advice', label: expect.stringContaining(`initShadowDb: \`${text}\``) },
      ]),
    },
  })
  const schema = 'CREATE SCHEMA IF NOT EXISTS "auth";'
  expect(await replayed(language, 'CREATE TABLE auth.a (id int);')).toMatchObject(
    advised(`${schema} CREATE …; -- what the migrations name`),
  )
  expect(await replayed(language, 'CREATE TABLE a (id uuid REFERENCES auth.users);')).toMatchObject(
    advised(`${schema} CREATE …; -- what the migrations name`),
  )
  expect(await replayed(language, 'CREATE TABLE a (id uuid REFERENCES users);')).toMatchObject(
    advised('CREATE TABLE users (id uuid PRIMARY KEY);'),
  )
})
