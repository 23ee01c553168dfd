import { z } from 'zod'
import * as schemas from './schemas.ts'

/** The OpenAPI 3.1 document of the API, from the schemas that validate requests. */

const input = z.registry<{ id: string }>()
input.add(schemas.newCarrier, { id: 'NewCarrier' })
input.add(schemas.carrierPatch, { id: 'CarrierPatch' })
input.add(schemas.loadAssignment, { id: 'LoadAssignment' })
input.add(schemas.newContact, { id: 'NewContact' })
input.add(schemas.newPolicy, { id: 'NewPolicy' })

const output = z.registry<{ id: string }>()
output.add(schemas.carrier, { id: 'Carrier' })
output.add(schemas.carrierDetails, { id: 'CarrierDetails' })
output.add(schemas.carrierPage, { id: 'CarrierPage' })
output.add(schemas.problem, { id: 'Problem' })

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const json = (name: string) => ({ 'application/json': { schema: reference(name) } })

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is not well-formed, or some fields are not valid.',
  404: 'There is no such carrier, or nothing of that id belongs to it.',
  409: 'Another one has this number or name.',
  412: 'The carrier was changed since it was read.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'A rule refuses the request.',
  428: 'If-Match is missing.',
  429: 'Too many requests.',
  503: 'The database is away or busy; see Retry-After.',
}

function problems(...statuses: number[]) {
  return Object.fromEntries(
    [...statuses, 429, 500, 503].map((status) => [
      status,
      {
        description: PROBLEMS[status] ?? 'Something went wrong.',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    ]),
  )
}

const ETAG = { ETag: { description: 'The version of the carrier.', schema: { type: 'string' } } }
const details = (description: string) => ({
  description,
  headers: ETAG,
  content: json('CarrierDetails'),
})
const body = (name: string) => ({ required: true, content: json(name) })
const header = (name: string, required: boolean, description: string) => {
  return { name, in: 'header', required, description, schema: { type: 'string' } }
}
const IF_MATCH = header(
  'If-Match',
  true,
  'The ETag of the carrier as it was read, or * for any version.',
)
const IDEMPOTENCY_KEY = header(
  'Idempotency-Key',
  false,
  'The same key and body again give the same answer, and nothing is done twice.',
)
const pathId = (name: string) => {
  const schema = { type: 'integer', minimum: 1, maximum: 2_147_483_647 }
  return { name, in: 'path', required: true, schema }
}
const ID = pathId('id')

/** The paths of a carrier's parts: each change increments the version of the carrier. */
function recordPaths(path: string, schema: string, record: { name: string; text: string }) {
  const change = {
    parameters: [IF_MATCH],
    responses: {
      200: details('The carrier, changed.'),
      ...problems(400, 404, 409, 412, 413, 415, 422, 428),
    },
  }
  return {
    [`/api/carriers/{id}/${path}`]: {
      parameters: [ID],
      post: {
        operationId: `add${record.name}`,
        summary: `Add ${record.text} to a carrier`,
        requestBody: body(schema),
        ...change,
      },
    },
    [`/api/carriers/{id}/${path}/{recordId}`]: {
      parameters: [ID, pathId('recordId')],
      put: {
        operationId: `replace${record.name}`,
        summary: `Change ${record.text} of a carrier`,
        requestBody: body(schema),
        ...change,
      },
      delete: {
        operationId: `remove${record.name}`,
        summary: `Remove ${record.text} from a carrier`,
        parameters: [IF_MATCH],
        responses: {
          200: details('The carrier, without it.'),
          ...problems(400, 404, 412, 428),
        },
      },
    },
  }
}

export function openApiDocument() {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Carriers',
      version: '1.0.0',
      description: 'Carriers with their contacts, insurance policies and loads.',
    },
    servers: [{ url: '/' }],
    paths: {
      '/api/carriers': {
        get: {
          operationId: 'listCarriers',
          summary: 'List carriers, page by page',
          parameters: queryParameters(),
          responses: {
            200: { description: 'A page.', content: json('CarrierPage') },
            ...problems(400),
          },
        },
        post: {
          operationId: 'createCarrier',
          summary: 'Create a carrier with its contacts and policies',
          parameters: [IDEMPOTENCY_KEY],
          requestBody: body('NewCarrier'),
          responses: { 201: details('Created.'), ...problems(400, 409, 413, 415, 422) },
        },
      },
      '/api/carriers/{id}': {
        parameters: [ID],
        get: {
          operationId: 'readCarrier',
          summary: 'Read a carrier with all that belongs to it',
          responses: {
            200: details('The carrier.'),
            304: { description: 'It is as in If-None-Match.' },
            ...problems(400, 404),
          },
        },
        patch: {
          operationId: 'updateCarrier',
          summary: 'Change some fields of a carrier',
          parameters: [IF_MATCH],
          requestBody: body('CarrierPatch'),
          responses: {
            200: details('Changed.'),
            ...problems(400, 404, 409, 412, 413, 415, 422, 428),
          },
        },
        delete: {
          operationId: 'deleteCarrier',
          summary: 'Delete a carrier with its contacts and policies; its loads stay',
          parameters: [IF_MATCH],
          responses: { 204: { description: 'Deleted.' }, ...problems(400, 404, 412, 428) },
        },
      },
      '/api/carriers/{id}/loads': {
        parameters: [ID],
        post: {
          operationId: 'assignLoads',
          summary: 'Give planned loads to a carrier, all or none',
          requestBody: body('LoadAssignment'),
          responses: { 200: details('Assigned.'), ...problems(400, 404, 413, 415, 422) },
        },
      },
      ...recordPaths('contacts', 'NewContact', { name: 'Contact', text: 'a contact' }),
      ...recordPaths('insurance-policies', 'NewPolicy', {
        name: 'InsurancePolicy',
        text: 'an insurance policy',
      }),
    },
    components: { schemas: { ...definitions(input, 'input'), ...definitions(output, 'output') } },
  }
}

function queryParameters() {
  const { properties = {} } = z.toJSONSchema(schemas.carrierQuery, { io: 'input' })
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

function definitions(registry: typeof input, io: 'input' | 'output') {
  const { schemas: found } = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
  })
  // Within the document, a schema needs neither its own `$id` nor its own `$schema`.
  return Object.fromEntries(
    Object.entries(found).map(([name, { $id: _id, $schema: _dialect, ...schema }]) => [
      name,
      schema,
    ]),
  )
}
