import { Validator } from '@seriousme/openapi-schema-validator'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSql } from '../../../packages/slipway/test/run-sql.ts'
import type { CarrierDetails, CarrierPage, Problem } from '../src/schemas.ts'
import { type Application, type Call, startApplication } from './application.ts'
import { checked } from './contract.ts'

let application: Application
let call: Call
beforeAll(async () => {
  application = await startApplication({ env: { HEALTH_TOKEN: 'h', METRICS_TOKEN: 'm' } })
  call = checked(application.call)
})
afterAll(() => application?.close())

const PATH = '/api/carriers'
const create = (json: unknown, headers: Record<string, string> = {}) =>
  call(PATH, { method: 'POST', json, headers })
const created = async (fields: object) =>
  (await (await create({ name: 'Made by a test', ...fields })).json()) as CarrierDetails
const patch = (id: number, version: number | string, json: unknown) =>
  call(`${PATH}/${id}`, { method: 'PATCH', json, headers: { 'if-match': `"${version}"` } })
const page = async (query: string) => (await (await call(`${PATH}?${query}`)).json()) as CarrierPage
const problem = async (response: Response) => (await response.json()) as Problem
const altered = (content: readonly unknown[]) =>
  `cursor=${Buffer.from(JSON.stringify(content)).toString('base64url')}`

async function count(table: string, where = 'true'): Promise<number> {
  const rows = await runSql(
    application.database.url,
    `SELECT count(*)::int AS n FROM ${table} WHERE ${where}`,
  )
  return Number(rows[0]?.['n'])
}

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const response = await application.call('/api/openapi.json')
    const result = await new Validator().validate(
      (await response.json()) as Record<string, unknown>,
    )
    expect(result).toMatchObject({ valid: true })
  })
})

describe('listing', () => {
  it('returns every carrier once, page by page, in each order', async () => {
    const all = await count('carriers')
    for (const sort of ['name', '-name', 'createdAt', '-createdAt']) {
      const ids: number[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const { items, nextCursor }: CarrierPage = await page(
          `sort=${sort}&limit=7&cursor=${cursor}`,
        )
        ids.push(...items.map(({ id }) => id))
        cursor = nextCursor
      }
      expect(new Set(ids).size).toBe(all)
      expect(ids).toHaveLength(all)
    }
  })

  it('searches names and MC numbers, and filters', async () => {
    await created({
      name: 'Needle % Haulage',
      mcNumber: '87650001',
      homeState: 'VT',
      powerUnits: 900,
    })
    for (const query of ['q=needle', 'q=876500', 'homeState=VT', 'minPowerUnits=900', 'q=%25']) {
      const { items } = await page(query)
      expect(
        items.map(({ name }) => name),
        query,
      ).toEqual(['Needle % Haulage'])
    }
    expect(await page('q=nobody-has-this-name')).toEqual({ items: [], nextCursor: null })
  })

  it.each([
    'limit=0',
    'limit=101',
    'sort=id',
    'unknown=1',
    'homeState=Texas',
    'cursor=nonsense',
    'limit=1&limit=2',
    'q=' + 'x'.repeat(101),
    'q=a%00b',
    'q=%E2%80%AEreversed',
    altered(['name', 'nul\0', 1]),
    altered(['name', 'a', 1e20]),
    altered(['name', 'a', 1, 2]),
    altered(['-name', 'a', 1]),
    `sort=createdAt&${altered(['createdAt', '2026-01-01', 1])}`,
    `sort=createdAt&${altered(['createdAt', 'a', 1])}`,
  ])('refuses ?%s', async (query) => {
    const response = await call(`${PATH}?${query}`)
    expect(response.status).toBe(400)
    expect((await problem(response)).errors).toHaveLength(1)
  })

  it('continues after a name of any length and script', async () => {
    const name = '物'.repeat(255)
    await created({ name })
    await created({ name })
    const query = `q=${encodeURIComponent(name.slice(0, 9))}&limit=1`
    const { nextCursor } = await page(query)
    expect(await page(`${query}&cursor=${nextCursor}`)).toMatchObject({ items: [{ name }] })
  })
})

describe('creating', () => {
  it('writes a carrier with contacts and policies, and returns its location', async () => {
    const response = await create({
      name: '  Granite Pass Lines  ',
      mcNumber: '87650002',
      contacts: [{ fullName: 'Ann Reyes', email: 'ann@granite.example', isPrimary: true }],
      insurancePolicies: [
        {
          kind: 'CARGO',
          insurer: 'Keystone',
          policyNumber: 'K-1',
          coverageAmount: '250000.00',
          effectiveOn: '2026-01-01',
          expiresOn: '2027-01-01',
        },
      ],
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('etag')).toBe('"1"')
    const read = await call(response.headers.get('location') ?? '')
    expect(await read.json()).toEqual(await response.json())
    expect(await count('carriers', `name = 'Granite Pass Lines'`)).toBe(1)
  })

  it('writes all or nothing', async () => {
    const contacts = [{ fullName: 'Twin' }, { fullName: 'Twin' }]
    const response = await create({ name: 'Never written', contacts })
    expect(response.status).toBe(409)
    expect(await count('carriers', `name = 'Never written'`)).toBe(0)
  })

  it('names the field that is taken', async () => {
    await created({ mcNumber: '87650003', usdotNumber: '8765003' })
    const mc = await problem(await create({ name: 'Other', mcNumber: '87650003' }))
    expect(mc).toMatchObject({ status: 409, errors: [{ field: 'mcNumber' }] })
    const usdot = await problem(await create({ name: 'Other', usdotNumber: '8765003' }))
    expect(usdot).toMatchObject({ status: 409, errors: [{ field: 'usdotNumber' }] })
  })

  it('refuses values that violate a rule', async () => {
    const term = { effectiveOn: '2026-02-01', expiresOn: '2026-01-01' }
    const policy = {
      kind: 'CARGO',
      insurer: 'K',
      policyNumber: 'K-2',
      coverageAmount: '1',
      ...term,
    }
    const response = await create({ name: 'Backwards', insurancePolicies: [policy] })
    expect(await problem(response)).toMatchObject({
      status: 422,
      errors: [{ field: 'insurancePolicies.0.expiresOn' }],
    })
    const two = [
      { fullName: 'A', isPrimary: true },
      { fullName: 'B', isPrimary: true },
    ]
    expect((await create({ name: 'Two primaries', contacts: two })).status).toBe(422)
  })

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(256) }],
    ['name', { name: 'Line\nbreak' }],
    ['name', { name: 'Null\u0000byte' }],
    ['name', {}],
    ['mcNumber', { name: 'x', mcNumber: 'MC-1' }],
    ['powerUnits', { name: 'x', powerUnits: 1.5 }],
    ['powerUnits', { name: 'x', powerUnits: 1e12 }],
    ['homeState', { name: 'x', homeState: 'tx' }],
    ['owner', { name: 'x', owner: 'me' }],
    ['id', { name: 'x', id: 7 }],
    ['contacts.0.email', { name: 'x', contacts: [{ fullName: 'A', email: 'nobody' }] }],
    ['', []],
    ['', null],
  ])('names the field %j of %j', async (field, body) => {
    const response = await create(body)
    expect(response.status).toBe(400)
    expect((await problem(response)).errors?.map((one) => one.field)).toContain(field)
  })

  it('stores SQL and HTML as plain text', async () => {
    for (const name of [
      `'; DROP TABLE carriers; --`,
      '<script>alert(1)</script>',
      '100 % {{x}} ${y}',
    ]) {
      const { id } = await created({ name })
      expect(await (await call(`${PATH}/${id}`)).json()).toMatchObject({ name })
    }
  })

  it('answers a repeated Idempotency-Key with the same response, and does nothing twice', async () => {
    const body = { name: 'Only once' }
    const key = { 'idempotency-key': 'first-key' }
    const [first, ...others] = await Promise.all(Array.from({ length: 6 }, () => create(body, key)))
    const later = await create(body, key)
    const text = await first?.text()
    for (const response of [...others, later]) {
      expect([response.status, await response.text()]).toEqual([201, text])
      expect(response.headers.get('location')).toBe(first?.headers.get('location'))
    }
    expect(await count('carriers', `name = 'Only once'`)).toBe(1)
    const other = await create({ name: 'Another body' }, key)
    expect([other.status, await count('carriers', `name = 'Another body'`)]).toEqual([422, 0])
  })

  it('accepts a key again if its request was refused', async () => {
    const key = { 'idempotency-key': 'refused-key' }
    expect((await create({ name: 'x', mcNumber: '87650002' }, key)).status).toBe(409)
    expect((await create({ name: 'x', mcNumber: '87650009' }, key)).status).toBe(201)
    expect((await create({ name: 'x' }, { 'idempotency-key': 'ü'.repeat(3) })).status).toBe(400)
  })
})

describe('the body of a request', () => {
  const send = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') =>
    call(PATH, { method: 'POST', body, headers: { 'content-type': type } })

  it.each([
    ['{"name": ', 400, 'application/json'],
    ['', 400, 'application/json'],
    ['name=x', 415, 'application/x-www-form-urlencoded'],
    [JSON.stringify({ name: 'x'.repeat(70_000) }), 413, 'application/json'],
  ])('%# is answered with its status', async (body, status, type) => {
    expect((await send(body, type)).status).toBe(status)
  })

  it('must be UTF-8', async () => {
    expect((await send(new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400)
  })
})

describe('reading', () => {
  it('answers 304 for the version that the client has', async () => {
    const { id } = await created({})
    const same = await call(`${PATH}/${id}`, { headers: { 'if-none-match': '"1"' } })
    expect([same.status, await same.text()]).toEqual([304, ''])
  })

  it.each([
    ['2147483647', 404],
    ['0', 400],
    ['2147483648', 400],
    ['-1', 400],
    ['abc', 400],
    ['1.5', 400],
    ['1e400', 400],
    [`1' OR '1'='1`, 400],
  ])('answers /%s with %i', async (id, status) => {
    expect((await call(`${PATH}/${encodeURIComponent(id)}`)).status).toBe(status)
  })
})

describe('changing', () => {
  it('changes only the given fields', async () => {
    const { id, ...before } = await created({ mcNumber: '87650010', powerUnits: 4 })
    const response = await patch(id, 1, { powerUnits: null })
    expect(response.headers.get('etag')).toBe('"2"')
    const { updatedAt: _updated, ...after } = (await response.json()) as CarrierDetails
    const { updatedAt: _before, ...expected } = { ...before, id, powerUnits: null, version: 2 }
    expect(after).toEqual(expected)
  })

  it('refuses an outdated version, and a missing one', async () => {
    const { id } = await created({ name: 'Versioned' })
    await patch(id, 1, { name: 'Second' })
    for (const stale of [1, 3, 'x', '1", "2']) {
      expect((await patch(id, stale, { name: 'Lost update' })).status).toBe(412)
    }
    const without = await call(`${PATH}/${id}`, { method: 'PATCH', json: { name: 'Lost update' } })
    expect(without.status).toBe(428)
    expect(await count('carriers', `name = 'Lost update'`)).toBe(0)
  })

  it('lets one of many concurrent changes win', async () => {
    const { id } = await created({})
    const writers = Array.from({ length: 8 }, (_, index) =>
      patch(id, 1, { name: `Writer ${index}` }),
    )
    const statuses = (await Promise.all(writers)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(7)
    expect(await (await call(`${PATH}/${id}`)).json()).toMatchObject({ version: 2 })
  })

  it('takes * for any version', async () => {
    const { id, version } = await created({ name: 'Any version' })
    const change = (of: number) =>
      call(`${PATH}/${of}`, {
        method: 'PATCH',
        json: { name: 'Changed' },
        headers: { 'if-match': '*' },
      })
    expect(((await (await change(id)).json()) as CarrierDetails).version).toBe(version + 1)
    expect((await change(2_147_483_646)).status).toBe(404)
    const headers = { 'if-match': '*' }
    expect((await call(`${PATH}/${id}`, { method: 'DELETE', headers })).status).toBe(204)
  })

  it('answers 404 for a carrier that does not exist', async () => {
    expect((await patch(2_147_483_646, 1, { name: 'x' })).status).toBe(404)
  })
})

describe('other requests', () => {
  it('get a problem document: 405 with the methods of the path, or 404', async () => {
    for (const [method, path, allow] of [
      ['DELETE', PATH, 'GET, HEAD, POST'],
      ['POST', `${PATH}/1`, 'GET, HEAD, PATCH, DELETE'],
      ['GET', `${PATH}/1/contacts`, 'POST'],
    ] as const) {
      const response = await application.call(path, { method })
      expect(response.headers.get('allow')).toBe(allow)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      expect(await problem(response)).toMatchObject({ status: 405, title: 'Method Not Allowed' })
    }
    expect(await problem(await application.call('/api/nothing'))).toMatchObject({ status: 404 })
  })
})

describe('deleting', () => {
  it('also deletes contacts but not loads, and requires the current version', async () => {
    const { items } = await page('limit=1')
    const [carrier] = items
    const url = `${PATH}/${carrier?.id}`
    const loads = await count('loads')
    const remove = (version: number) =>
      call(url, { method: 'DELETE', headers: { 'if-match': `"${version}"` } })
    expect((await remove(99)).status).toBe(412)
    expect((await call(url, { method: 'DELETE' })).status).toBe(428)
    expect((await remove(carrier?.version ?? 0)).status).toBe(204)
    expect((await call(url)).status).toBe(404)
    expect((await remove(1)).status).toBe(404)
    expect([await count('contacts', `carrier_id = ${carrier?.id}`), await count('loads')]).toEqual([
      0,
      loads,
    ])
  })
})

describe('assigning loads', () => {
  it('assigns all or none', async () => {
    const rows = await runSql(
      application.database.url,
      `UPDATE loads SET status = 'PLANNED', carrier_id = NULL
       WHERE id IN (SELECT id FROM loads ORDER BY id LIMIT 3) RETURNING reference`,
    )
    const references = rows.map(({ reference }) => String(reference))
    const { id } = await created({})
    const assign = (names: string[]) =>
      call(`${PATH}/${id}/loads`, { method: 'POST', json: { references: names } })
    const refused = await assign([...references, 'LD-NOWHERE'])
    expect([refused.status, (await problem(refused)).detail]).toEqual([
      422,
      'Not a planned load without a carrier: LD-NOWHERE.',
    ])
    expect(await count('loads', `carrier_id = ${id}`)).toBe(0)
    const done = (await (await assign(references)).json()) as CarrierDetails
    expect(done.loads.map(({ status }) => status)).toEqual(['BOOKED', 'BOOKED', 'BOOKED'])
    expect((await assign(references.slice(0, 1))).status).toBe(422)
    const nobody = await call(`${PATH}/2147483645/loads`, {
      method: 'POST',
      json: { references: ['LD-NOWHERE'] },
    })
    expect(nobody.status).toBe(422)
  })
})

describe('contacts and policies', () => {
  const ann = { fullName: 'Ann Reyes', email: 'ann@granite.example', isPrimary: true }
  const cargo = {
    kind: 'CARGO',
    insurer: 'Keystone',
    policyNumber: 'K-100',
    coverageAmount: '250000.00',
    effectiveOn: '2026-01-01',
    expiresOn: '2027-01-01',
  }
  const send = (method: string, path: string, version: number, json?: unknown) =>
    call(`${PATH}/${path}`, { method, json, headers: { 'if-match': `"${version}"` } })
  const done = async (response: Response) => {
    expect(response.status).toBe(200)
    return (await response.json()) as CarrierDetails
  }

  it('are added, changed and removed, each with a new version of the carrier', async () => {
    const { id } = await created({ name: 'With parts' })
    const added = await done(await send('POST', `${id}/contacts`, 1, ann))
    const insured = await done(await send('POST', `${id}/insurance-policies`, 2, cargo))
    const [contact, policy] = [added.contacts[0], insured.insurancePolicies[0]]
    expect(contact).toMatchObject({ ...ann, title: null, phone: null })
    expect(policy).toMatchObject(cargo)

    const other = { fullName: 'Bo Ito', isPrimary: true }
    const second = await done(await send('POST', `${id}/contacts`, 3, other))
    expect(second.contacts.map((one) => [one.fullName, one.isPrimary])).toEqual([
      ['Bo Ito', true],
      ['Ann Reyes', false],
    ])
    const renamed = { fullName: 'Ann Ruiz', title: 'Dispatcher' }
    const changed = await done(await send('PUT', `${id}/contacts/${contact?.id}`, 4, renamed))
    // A field that a PUT omits gets its default.
    expect(changed.contacts[1]).toMatchObject({ ...renamed, id: contact?.id, email: null })
    const path = `${id}/insurance-policies/${policy?.id}`
    const raised = { ...cargo, coverageAmount: '500000.00' }
    expect((await done(await send('PUT', path, 5, raised))).insurancePolicies).toMatchObject([
      raised,
    ])

    await done(await send('DELETE', path, 6))
    const left = await done(await send('DELETE', `${id}/contacts/${contact?.id}`, 7))
    expect(left).toMatchObject({ version: 8, insurancePolicies: [] })
    expect(left.contacts.map(({ fullName }) => fullName)).toEqual(['Bo Ito'])
    expect(await (await call(`${PATH}/${id}`)).json()).toEqual(left)
  })

  it('are refused with status and field, and nothing is written', async () => {
    const { id, contacts } = await created({ name: 'Refuses', contacts: [ann] })
    const taken = await created({ insurancePolicies: [{ ...cargo, policyNumber: 'K-200' }] })
    const before = await (await call(`${PATH}/${id}`)).json()
    const [contact] = contacts
    const policies = `${id}/insurance-policies`
    for (const [method, path, version, json, status, fields] of [
      ['POST', `${id}/contacts`, 1, { fullName: '' }, 400, ['fullName']],
      ['POST', `${id}/contacts`, 1, { ...ann, email: 'nobody' }, 400, ['email']],
      ['POST', `${id}/contacts`, 1, { ...ann, owner: 'me' }, 400, ['owner']],
      ['POST', `${id}/contacts`, 1, { fullName: 'Tab\there' }, 400, ['fullName']],
      ['POST', `${id}/contacts`, 1, { fullName: 'Ann Reyes' }, 409, ['fullName']],
      ['POST', `${id}/contacts`, 2, { fullName: 'Stale' }, 412, undefined],
      ['PUT', `${id}/contacts/2147483647`, 1, ann, 404, undefined],
      ['PUT', `${id}/contacts/x`, 1, ann, 400, ['recordId']],
      ['PUT', `${taken.id}/contacts/${contact?.id}`, 1, ann, 404, undefined],
      ['DELETE', `${taken.id}/contacts/${contact?.id}`, 1, undefined, 404, undefined],
      ['DELETE', `${id}/contacts/${contact?.id}`, 9, undefined, 412, undefined],
      ['POST', '2147483647/contacts', 1, ann, 404, undefined],
      ['POST', policies, 1, { ...cargo, coverageAmount: '1e9' }, 400, ['coverageAmount']],
      ['POST', policies, 1, { ...cargo, effectiveOn: '2026-02-30' }, 400, ['effectiveOn']],
      ['POST', policies, 1, { ...cargo, expiresOn: '2026-01-01' }, 422, ['expiresOn']],
      ['POST', policies, 1, { ...cargo, policyNumber: 'K-200' }, 409, ['insurer', 'policyNumber']],
    ] as const) {
      const response = await send(method, path, version, json)
      const found = await problem(response)
      const where = `${method} ${path} ${JSON.stringify(json)}`
      expect([response.status, found.errors?.map(({ field }) => field)], where).toEqual([
        status,
        fields,
      ])
    }
    const without = await call(`${PATH}/${id}/contacts`, { method: 'POST', json: ann })
    expect(without.status).toBe(428)
    expect(await (await call(`${PATH}/${id}`)).json()).toEqual(before)
  })
})

describe('any input', () => {
  it('gets a response that follows the contract, and never 500', async () => {
    const runs = process.env['FULL'] ? 2000 : 150
    const request = fc.record({
      body: fc.jsonValue(),
      fields: fc.dictionary(
        fc.constantFrom('name', 'mcNumber', 'powerUnits', 'homeState', 'contacts'),
        fc.jsonValue(),
      ),
      // Without segments of dots, which the client removes from a URL.
      path: fc.oneof(
        fc.string().filter((text) => !/^\.{1,2}$/.test(text)),
        fc.integer().map(String),
      ),
      version: fc.string({ unit: fc.constantFrom('"', '1', '2', 'W', '/') }),
    })
    const check = async ({
      body,
      fields,
      path,
      version,
    }: {
      body: unknown
      fields: object
      path: string
      version: string
    }) => {
      const responses = [
        await create(body),
        await create(fields),
        await call(`${PATH}/${encodeURIComponent(path) || '0'}`),
        await call(`${PATH}/1`, {
          method: 'PATCH',
          json: fields,
          headers: { 'if-match': version },
        }),
        await call(`${PATH}?cursor=${encodeURIComponent(path)}&q=${encodeURIComponent(path)}`),
      ]
      for (const { status } of responses) expect(status).toBeLessThan(500)
    }
    await fc.assert(fc.asyncProperty(request, check), { numRuns: runs })
  })
})

describe('operation', () => {
  const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  it('answers health checks, with all migrations of this build applied', async () => {
    expect((await application.call('/api/health/live')).status).toBe(200)
    expect(await (await application.call('/api/health/ready')).json()).toEqual({
      status: 'ready',
      failed: [],
    })
    expect((await application.call('/api/health/details')).status).toBe(401)
    const details = await application.call('/api/health/details', withToken('h'))
    expect(await details.json()).toMatchObject({
      checks: { migrations: { status: 'pass', facts: { pending: [], newer: [] } } },
    })
  })

  it('returns metrics of its operations only with the token', async () => {
    expect((await application.call('/api/metrics')).status).toBe(401)
    const text = await (await application.call('/api/metrics', withToken('m'))).text()
    expect(text).toMatch(/db_client_operation_duration_count\{.*db_collection_name="Carrier"/)
    expect(text).toContain('db_client_connection_max')
  })
})
