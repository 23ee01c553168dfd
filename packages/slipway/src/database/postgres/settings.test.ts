import { rmSync } from 'node:fs'
import { beforeEach, expect, test } from 'vitest'
import { prismaCli } from '../../../test/prisma.ts'
import { writeProject } from '../../../test/project.ts'
import { createTarget, migration, type TestTarget } from '../../../test/target.ts'
import { deploy } from '../../deploy/index.ts'
import { ConnectionString } from '../../kernel/index.ts'
import { type Session, withSession } from '../index.ts'
import { pinSql, unpinSql } from './settings.ts'

/** Database settings, each with a value that differs from the one in Slipway's sessions. */
const OTHERS: Readonly<Record<string, string>> = {
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kolkata',
  bytea_output: 'escape',
  extra_float_digits: '-3',
  jit: 'on',
  quote_all_identifiers: 'on',
  xmloption: 'document',
  array_nulls: 'off',
  client_min_messages: 'error',
  standard_conforming_strings: 'off',
  default_transaction_isolation: 'serializable',
  statement_timeout: '7min',
  lock_timeout: '8min',
  idle_in_transaction_session_timeout: '9min',
  search_path: 'app, public',
}
const NAMES = Object.keys(OTHERS)
const SEEN = `CREATE TABLE seen AS SELECT name, current_setting(name) AS value, now()::date::text AS day
  FROM unnest(ARRAY[${NAMES.map((name) => `'${name}'`).join(', ')}]) AS name;`

let target: TestTarget

beforeEach(async () => {
  target = await targetWithOthers()
  return () => target.drop()
})

async function targetWithOthers(): Promise<TestTarget> {
  const made = await createTarget()
  const set = Object.entries(OTHERS).map(([name, value]) => {
    const text = name === 'search_path' ? value : `'${value}'`
    return `ALTER DATABASE ${made.name} SET ${name} = ${text};`
  })
  await made.sql(`CREATE SCHEMA app; ${set.join('\n')}`)
  return made
}

function onTarget<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return withSession({ kind: 'postgres', url: new ConnectionString(target.url) }, {}, work)
}

async function settingsOf(session: Session): Promise<Record<string, string>> {
  const rows = await session.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name`,
    [NAMES],
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

test('a session has the pinned settings, regardless of the settings of the database', async () => {
  const pinned = {
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    TimeZone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: '1',
    jit: 'off',
    quote_all_identifiers: 'off',
    xmloption: 'content',
    array_nulls: 'on',
    client_min_messages: 'notice',
    standard_conforming_strings: 'on',
    default_transaction_isolation: 'read committed',
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    search_path: '"public"',
  }
  await onTarget(async (session) => {
    expect(await settingsOf(session)).toEqual(pinned)
    await session.execute(unpinSql(session))
    expect(await settingsOf(session)).toEqual({ ...OTHERS, search_path: '"public"' })
    await session.execute(pinSql(session))
    expect(await settingsOf(session)).toEqual(pinned)
  })
})

test('a file runs with the same settings and schema as in a deploy by Prisma', async () => {
  const other = await targetWithOthers()
  const root = writeProject([{ name: '1_seen', sql: SEEN }])
  try {
    const { code, stderr } = await prismaCli(['migrate', 'deploy'], {
      cwd: root,
      databaseUrl: other.url,
    })
    expect(code, stderr).toBe(0)
    const { failure } = await deploy({
      ...target.request([migration('1_seen', SEEN)]),
      consent: { confirm: undefined },
      acceptDrift: false,
    })
    expect(failure).toBeUndefined()
    const [prismas, slipways] = [await seenIn(other), await seenIn(target)]
    // Slipway sets its own time limits for statements.
    expect({ ...slipways, statement_timeout: '', lock_timeout: '' }).toEqual({
      ...prismas,
      statement_timeout: '',
      lock_timeout: '',
    })
    expect(slipways).toMatchObject({ DateStyle: 'German, DMY', TimeZone: 'Asia/Kolkata' })
  } finally {
    rmSync(root, { recursive: true })
    await other.drop()
  }
})

async function seenIn({ sql }: TestTarget): Promise<Record<string, unknown>> {
  const rows = await sql('SELECT name, value FROM public.seen')
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}
