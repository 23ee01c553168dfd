import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTarget, type TestTarget } from '../../test/target.ts'
import { withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { readCatalog, readIdentities, schemaOf } from '../schema/index.ts'
import { lossesOf } from './loss.ts'

// Whether a type change loses values is compared with a server: values are cast there and back, and those
// that differ are counted.

let target: TestTarget
beforeAll(async () => {
  target = await createTarget()
})
afterAll(() => target.drop())

async function schemaNow() {
  const url = new ConnectionString(target.url)
  return await withSession({ kind: 'postgres', url }, {}, async (session) => ({
    schema: schemaOf(await readCatalog(session)),
    identities: await readIdentities(session),
  }))
}

/** Whether Slipway calls it a loss, and how many of the values are not restored. */
async function compared(from: string, to: string, values: readonly string[]) {
  const table = `t_${randomBytes(4).toString('hex')}`
  const rows = values.map((value) => `('${value}'::${from})`).join(', ')
  await target.sql(`CREATE TABLE ${table} (a ${from}); INSERT INTO ${table} VALUES ${rows}`)
  await target.sql(`CREATE TABLE ${table}_before AS SELECT a::text COLLATE "C" AS a FROM ${table}`)
  const before = await schemaNow()
  const change = (type: string) => `ALTER TABLE ${table} ALTER a TYPE ${type} USING a::${type}`
  await target.sql(change(to))
  const after = await schemaNow()
  await target.sql(change(from))
  const [changed] = await target.sql(
    `SELECT count(*)::int AS lost FROM (SELECT a FROM ${table}_before EXCEPT ALL SELECT a::text COLLATE "C" FROM ${table}) AS x`,
  )
  const losses = lossesOf({ before, after, statements: [] })
  return { called: losses.length > 0, lost: changed?.['lost'] }
}

test.each<[string, string, string[]]>([
  ['numeric(10,2)', 'numeric(12,2)', ['12345678.91', '-0.01', 'NaN']],
  ['numeric(10,2)', 'numeric(12,4)', ['12345678.91', '1.10']],
  ['numeric(10,2)', 'numeric', ['12345678.91', '1.10']],
  ['numeric(4,0)', 'integer', ['9999', '-9999']],
  ['smallint', 'integer', ['32767', '-32768']],
  ['integer', 'bigint', ['2147483647']],
  ['integer', 'numeric(10,0)', ['-2147483648']],
  ['bigint', 'numeric(21,2)', ['-9223372036854775808', '9223372036854775807']],
  ['bigint', 'numeric', ['9223372036854775807']],
  ['integer[]', 'bigint[]', ['{1,2147483647,NULL}', '{}']],
  ['numeric(6,2)[]', 'numeric(8,2)[]', ['{1.10,9999.99}']],
  ['real', 'double precision', ['1.1', '3.4e38', '-1e-40', 'NaN']],
  ['varchar(10)', 'varchar(20)', ['ten chars  ', 'ü']],
  ['varchar(10)', 'varchar', ['a']],
  ['char(3)', 'char(5)', ['a', 'abc']],
  ['bit(4)', 'bit varying(6)', ['1010']],
  ['bit varying(4)', 'bit varying(6)', ['10']],
  ['cidr', 'inet', ['10.0.0.0/8', '::/0']],
  ['date', 'timestamp', ['2026-02-28', 'infinity', '0044-03-15 BC']],
  ['timestamp(3)', 'timestamp(6)', ['2026-01-01 00:00:00.123']],
  ['timestamp', 'timestamp(6)', ['2026-01-01 00:00:00.123456']],
  ['timestamptz(0)', 'timestamptz(3)', ['2026-01-01 00:00:00+05']],
  ['time(0)', 'time', ['23:59:59']],
])('%s to %s loses nothing', async (from, to, values) => {
  expect(await compared(from, to, values)).toEqual({ called: false, lost: 0 })
})

test.each<[string, string, string[]]>([
  ['numeric(10,2)', 'numeric(10,1)', ['1.11']],
  ['numeric(10,2)', 'numeric(12,1)', ['1.11']],
  ['numeric(10,2)', 'integer', ['1.11']],
  ['numeric', 'numeric(30,5)', ['1.1111119']],
  ['double precision', 'real', ['1.123456789012']],
  ['numeric', 'double precision', ['1.12345678901234567890123']],
  ['varchar', 'varchar(3)', ['abcd']],
  ['char(5)', 'char(3)', ['abcde']],
  ['bit(4)', 'bit varying(2)', ['1010']],
  ['timestamp(6)', 'timestamp(3)', ['2026-01-01 00:00:00.123456']],
  ['timestamp', 'date', ['2026-01-01 12:00']],
  ['inet', 'cidr', ['10.0.0.1/8']],
  ['json', 'jsonb', ['{"b":1,  "a":2}']],
])('%s to %s loses values', async (from, to, values) => {
  expect(await compared(from, to, values)).toEqual({ called: true, lost: values.length })
})
