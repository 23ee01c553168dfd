import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { openApiDocument } from '../src/openapi.ts'
import type { Call } from './application.ts'

type Responses = Readonly<
  Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
>
type PathItem = Readonly<Record<string, { readonly responses: Responses }>>

const document = openApiDocument()
const ajv = new Ajv2020({ strict: false, allErrors: true })
// A CommonJS module, whose default export is the function.
;(addFormats as unknown as (target: Ajv2020) => void)(ajv)
ajv.addSchema(document, 'api')

/** The same call, but throws if the OpenAPI document does not describe the response. */
export function checked(call: Call): Call {
  return async (path, init = {}) => {
    const response = await call(path, init)
    await check(response.clone(), path, init.method ?? 'GET')
    return response
  }
}

async function check(response: Response, path: string, method: string): Promise<void> {
  const { pathname } = new URL(path, 'http://localhost')
  const template = pathname
    .replace(/^(\/api\/carriers\/)[^/]+/, '$1{id}')
    .replace(/^(.*\{id\}\/[^/]+\/)[^/]+$/, '$1{recordId}')
  const item = (document.paths as unknown as Readonly<Record<string, PathItem>>)[template]
  const described = item?.[method.toLowerCase()]?.responses[response.status]
  const where = `${method} ${path} → ${response.status}`
  if (!described)
    throw new Error(`${where} is not in the OpenAPI document: ${await response.text()}`)
  const text = await response.text()
  if (!described.content) {
    if (text !== '') throw new Error(`${where} has a body`)
    return
  }
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const media = described.content[type]
  if (!media) throw new Error(`${where} has the content type ${type}`)
  const pointer = `api#/paths/${escape(template)}/${method.toLowerCase()}/responses/${response.status}/content/${escape(type)}/schema`
  if (response.status >= 400 && /SELECT|INSERT|UPDATE "|prisma|postgres|at .*\.ts/i.test(text)) {
    throw new Error(`${where} says what is behind it: ${text}`)
  }
  const validate = ajv.getSchema(pointer)
  if (!validate?.(JSON.parse(text))) {
    throw new Error(
      `${where} does not fit its schema: ${ajv.errorsText(validate?.errors ?? null)}\n${text}`,
    )
  }
}

/** Escapes a key for a JSON pointer in a URI. */
function escape(segment: string): string {
  return encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'))
}
