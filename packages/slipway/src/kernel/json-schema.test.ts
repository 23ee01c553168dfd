import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Ajv, type AnySchema } from 'ajv'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import planSchema from '../deploy/plan-file.schema.json' with { type: 'json' }
import configSchema from '../project/config.schema.json' with { type: 'json' }
import seedSchema from '../seeds/seed-set.schema.json' with { type: 'json' }
import { checkExported, type LoadSchema, parseDuration, parseJson, readJsonFile } from './index.ts'

const SECRET = 's3cret'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-json-'))
  chmodSync(folder, 0o755)
})

afterEach(() => rmSync(folder, { recursive: true }))

const schemaOf =
  (schema: object): LoadSchema =>
  async () => ({ default: schema })

const TABLE = { kind: 'table', schema: null, name: 'User' }
const column = { kind: 'column', schema: null, table: 'User', name: 'email' }
const step = {
  migration: '1_a',
  statement: 1,
  line: 1,
  transaction: 1,
  lock: 'SHARE',
  table: TABLE,
  rows: 5,
  bytes: null,
  rewrite: false,
  estimateMs: null,
  kept: true,
  destroys: [{ what: 'object', object: { kind: 'comment', on: column } }],
  tables: [{ table: TABLE, lock: 'SHARE', work: 'builds an index', rows: 5, bytes: null }],
}
const PLAN = {
  format: 'slipway-plan',
  version: 1,
  createdAt: '2026-11-21T09:00:00.000Z',
  database: 'shop',
  hash: 'a',
  basis: { database: 'shop', server: 18, history: 'b', files: 'c', steps: 'd' },
  steps: [step],
}
const CONFIG = {
  shadow: 'embedded',
  environments: {
    production: { url: 'env:URL', seeds: ['a'], confirm: true, deploy: { deadline: '5min' } },
    staging: { backup: 'never', seeds: 'none', keep: '7d' },
  },
}
const SEEDS = {
  version: 1,
  environments: ['testing'],
  tables: { Plan: { key: ['code'], mode: 'own', rows: [{ code: 'free' }] }, Team: { key: ['id'] } },
}

async function whyOf(value: unknown, schema: object): Promise<string | undefined> {
  const read = await parseJson(JSON.stringify(value), schemaOf(schema))
  return 'why' in read ? read.why : undefined
}

test('valid files are accepted', async () => {
  expect(await whyOf(PLAN, planSchema)).toBe(undefined)
  expect(await whyOf(CONFIG, configSchema)).toBe(undefined)
  expect(await whyOf(SEEDS, seedSchema)).toBe(undefined)
})

test.each([
  ['', 'It is empty.'],
  [' \n', 'It is empty.'],
  [`{ "version": 1, "tables": { "${SECRET}`, 'It is not valid JSON at line 1, column 36.'],
  [`{ "version": ${SECRET} }`, 'It is not valid JSON.'],
  ['[]', 'It must be an object.'],
  ['null', 'It must be an object.'],
  ['{}', 'tables must be an object with at least one table.'],
  ['{ "version": 1, "tables": [] }', 'tables must be an object with at least one table.'],
  ['{ "version": 1e999, "tables": { "a": { "key": ["b"] } } }', /^version must be a whole number/],
  ['{ "version": 1e308, "tables": { "a": { "key": ["b"] } } }', /^version must be a whole number/],
  ['{ "version": 1, "tables": { "a": { "key": [] } } }', /^tables\.a\.key must be a list of at/],
  [
    '{ "version": 1, "tables": { "a/b~c": { "key": [4] } } }',
    'tables.a/b~c.key.0 must be a string.',
  ],
  ['{ "version": 1, "tables": { "constructor": 4 } }', 'tables.constructor must be an object.'],
  ['{ "version": 1, "tables": { "__proto__": 4 } }', 'tables.__proto__ must be an object.'],
  [
    `{ "version": 1, "tables": { "a": { "key": ["b"] } }, "__proto__": "${SECRET}" }`,
    'It has an unknown key: __proto__.',
  ],
  [
    `{ "version": 1, "tables": { "a": { "key": ["b"], "toString": "${SECRET}" } } }`,
    'It has an unknown key in tables.a: toString.',
  ],
  [
    `{ "version": 1, "tables": { "a": { "key": ["b"], "rows": [{ "b": 1 }, "${SECRET}"] } } }`,
    'tables.a.rows must be a list or a string.',
  ],
  [
    `{ "version": 1, "tables": { "a": { "key": ["b"], "mode": "${SECRET}" } } }`,
    "tables.a.mode must be 'insert-missing', 'upsert' or 'own'.",
  ],
])('%s: the failure names what is wrong, and where', async (text, why) => {
  const read = await parseJson(text, schemaOf(seedSchema))
  expect(read).toEqual({ why: typeof why === 'string' ? why : expect.stringMatching(why) })
})

test.each([
  [{ ...PLAN, version: 2 }, 'version must be 1.'],
  [{ ...PLAN, createdAt: 'yesterday' }, 'createdAt must be a time in ISO 8601.'],
  [{ ...PLAN, basis: { ...PLAN.basis, server: '18' } }, 'basis.server must be a number.'],
  [{ ...PLAN, steps: [step, { ...step, rows: '5' }] }, 'steps.1.rows must be a number or null.'],
  [
    { ...PLAN, steps: [{ ...step, destroys: [{ what: 'object', object: { kind: 'tabel' } }] }] },
    'steps.0.destroys.0.object must be a reference to an object.',
  ],
])('a wrong value deep inside a plan is named', async (plan, why) => {
  expect(await whyOf(plan, planSchema)).toBe(why)
})

test('the failure of a file that cannot be read gives the reason, without its content', async () => {
  const read = (name: string) => readJsonFile(path.join(folder, name), schemaOf(seedSchema))
  mkdirSync(path.join(folder, 'folder'))
  writeFileSync(path.join(folder, 'locked'), JSON.stringify(SEEDS), { mode: 0 })
  expect(await read('nowhere')).toMatchObject({ why: 'There is no such file.' })
  expect(await read('folder')).toMatchObject({ why: 'It is a folder.' })
  // File modes do not apply to the superuser.
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(65_534)
  const locked = await read('locked')
  if (user === 0) process.seteuid?.(0)
  expect(locked).toMatchObject({ why: 'You are not allowed to read it.' })
})

test('an exported value becomes plain data: keys without a value are dropped, and values that JSON lacks are refused', async () => {
  const check = async (value: unknown) => await checkExported(value, schemaOf(configSchema))
  expect(await check({ shadow: undefined, environments: { a: { url: undefined } } })).toEqual({
    value: { environments: { a: {} } },
  })
  const itself: { environments?: unknown } = {}
  itself.environments = itself
  const wrong = [undefined, null, () => ({}), itself, { shadow: () => 'a' }, { rules: 5n }]
  for (const value of wrong) expect(await check(value)).toHaveProperty('mismatch')
})

test('the schema accepts the same durations as the parser', async () => {
  const texts = ['200ms', '1.5 h', ' 7d ', '5', '', '5 weeks', '-5s', '.5s', '5min 3s', '5S']
  for (const keep of texts) {
    const why = await whyOf({ environments: { a: { keep } } }, configSchema)
    expect(why === undefined, keep).toBe(parseDuration(keep) !== undefined)
  }
})

/** A copy of a value, with another value somewhere inside. */
function withAnother(value: unknown, way: readonly number[], other: unknown): unknown {
  const [turn, ...rest] = way
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (turn === undefined || keys.length === 0) return other
  const key = keys[turn % keys.length] ?? ''
  const copy = structuredClone(value) as Record<string, unknown>
  copy[key] = withAnother(copy[key], rest, other)
  return copy
}

const other = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, 1.5, 1e308, '', SECRET, [], [SECRET], {}, { x: SECRET }),
  fc.constantFrom('rows', 'SHARE', 'table', '5min', 'never', 'own', '2026-11-21T09:00:00Z'),
)

test.each([
  ['plan', PLAN, planSchema],
  ['configuration', CONFIG, configSchema],
  ['seed set', SEEDS, seedSchema],
])(
  'a changed %s is refused if another validator refuses it, without quoting a value',
  async (_, valid, schema) => {
    const ajv = new Ajv({ strict: false })
    formats.default(ajv)
    const refuses = ajv.compile(schema as AnySchema)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 7 }), other, async (way, value) => {
        const changed = withAnother(valid, way, value)
        const why = await whyOf(changed, schema)
        expect(why === undefined).toBe(refuses(changed))
        expect(why ?? '').not.toContain(SECRET)
      }),
      { numRuns: 500 },
    )
  },
)
