import { readFileSync } from 'node:fs'
import type { Schema } from '@cfworker/json-schema'

/**
 * A place where a value does not match its JSON Schema: `at` is a dotted path, empty for the value
 * itself. It quotes no value.
 */
export type Mismatch =
  | { readonly kind: 'value'; readonly at: string; readonly expected: string }
  | {
      readonly kind: 'unknown-key'
      readonly at: string
      readonly key: string
      readonly known: readonly string[]
    }

/** Loads a `.schema.json`, which `npm run schemas` generates from a type. */
export type LoadSchema = () => Promise<{ readonly default: object }>

/** The value that was read, or why it does not match its schema, as a sentence. */
export type ReadJson<T> = { readonly value: T } | { readonly why: string; readonly cause?: unknown }

/** The exported value, or where it does not match its schema. */
export type CheckedValue<T> = { readonly value: T } | { readonly mismatch: Mismatch }

/**
 * Checks an exported value. It becomes plain JSON first: keys without a value are removed, and functions,
 * symbols and big integers match no schema.
 */
export async function checkExported<T>(
  exported: unknown,
  load: LoadSchema,
): Promise<CheckedValue<T>> {
  const value = plainJson(exported)
  const mismatch = await mismatchOf(value, load)
  return mismatch ? { mismatch } : { value: value as T }
}

/** Reads a JSON file, and checks it. */
export async function readJsonFile<T>(file: string, load: LoadSchema): Promise<ReadJson<T>> {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = '' } = cause as { readonly code?: string }
    return { why: readErrorText(cause) ?? `It cannot be read (${code}).`, cause }
  }
  return await parseJson(text, load)
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  EISDIR: 'It is a folder.',
  EACCES: 'You are not allowed to read it.',
  EPERM: 'You are not allowed to read it.',
  ELOOP: 'It is a symbolic link loop.',
  ERR_FS_FILE_TOO_LARGE: 'It is too large to be read as a whole.',
  ERR_STRING_TOO_LONG: 'It is too large to be read as a whole.',
}

/** Why the system did not read a file, as a sentence; undefined for other errors. */
export function readErrorText(error: unknown): string | undefined {
  const { code = '', syscall } = error as { readonly code?: string; readonly syscall?: string }
  return READ_ERRORS[code] ?? (syscall === undefined ? undefined : `It cannot be read (${code}).`)
}

/** Reads a text as JSON, and checks it. */
export async function parseJson<T>(text: string, load: LoadSchema): Promise<ReadJson<T>> {
  if (text.trim() === '') return { why: 'It is empty.' }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The rest of the message quotes the text.
    const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(String(error)) ?? []
    return { why: `It is not valid JSON${line ? ` at line ${line}, column ${column}` : ''}.` }
  }
  const mismatch = await mismatchOf(value, load)
  return mismatch ? { why: mismatchText(mismatch) } : { value: value as T }
}

/** A mismatch as a sentence. */
export function mismatchText(mismatch: Mismatch): string {
  if (mismatch.kind === 'value') return `${mismatch.at || 'It'} must be ${mismatch.expected}.`
  const place = mismatch.at === '' ? '' : ` in ${mismatch.at}`
  return `It has an unknown key${place}: ${mismatch.key}.`
}

/** The value as plain JSON; anything that JSON cannot express becomes `null`. */
function plainJson(value: unknown): unknown {
  const strange = ['undefined', 'function', 'symbol', 'bigint']
  const isStrange = (one: unknown) => strange.includes(typeof one)
  if (isStrange(value)) return null
  try {
    const replace = (_key: string, one: unknown) =>
      one !== undefined && isStrange(one) ? null : one
    return JSON.parse(JSON.stringify(value, replace)) as unknown
  } catch {
    return null // It contains itself.
  }
}

/** Keywords that contain other schemas: their errors only locate the wrong value, without the reason. */
const WRAPPERS = ['$ref', 'properties', 'additionalProperties', 'items']

/** The validator is loaded only when needed, because most commands check no such file. */
async function mismatchOf(value: unknown, load: LoadSchema): Promise<Mismatch | undefined> {
  const [{ Validator }, loaded] = await Promise.all([import('@cfworker/json-schema'), load()])
  const root = loaded.default as Schema
  const { errors } = new Validator(root, '7').validate(value)
  const index = errors.findIndex(({ keyword }) => !WRAPPERS.includes(keyword))
  const error = errors[index]
  if (error === undefined) return undefined
  const path = segmentsOf(error.instanceLocation)
  if (error.keyword === 'false') {
    const key = path.pop() ?? ''
    const schema = schemaOf(root, errors[index - 1]?.keywordLocation ?? '#')
    const known = Object.keys(schema.properties ?? {})
    return { kind: 'unknown-key', at: path.join('.'), key, known }
  }
  let schema: Schema | boolean = schemaOf(root, error.keywordLocation)
  if (error.keyword === 'required') {
    const object = path.reduce((inner, key) => Reflect.get(Object(inner), key) as unknown, value)
    const missing = schema.required?.find((key) => !Object.hasOwn(Object(object), key)) ?? ''
    path.push(missing)
    schema = schema.properties?.[missing] ?? {}
  }
  return { kind: 'value', at: path.join('.'), expected: expectedBy(root, schema) }
}

/** The parts of a JSON pointer. */
function segmentsOf(pointer: string): string[] {
  const parts = pointer.split('/').slice(1)
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The schema that has a keyword: follows its location from the root. */
function schemaOf(root: Schema, keywordLocation: string): Schema {
  const parts = segmentsOf(keywordLocation).slice(0, -1)
  return parts.reduce(
    (schema, part) =>
      part === '$ref' ? referred(root, schema) : (Reflect.get(schema, part) as Schema),
    root,
  )
}

function referred(root: Schema, { $ref = '' }: Schema): Schema {
  return segmentsOf($ref).reduce((schema, part) => Reflect.get(schema, part) as Schema, root)
}

const WORDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
}

/** What a schema expects, in words: its title, if its type has one. */
function expectedBy(root: Schema, schema: Schema | boolean): string {
  if (typeof schema === 'boolean') return 'absent'
  const { title, type, const: only, enum: some, anyOf, items } = schema
  if (schema.$ref !== undefined) return expectedBy(root, referred(root, schema))
  if (title !== undefined && schema !== root) return title
  if (anyOf !== undefined) return either(anyOf.map((one) => expectedBy(root, one)))
  if (only !== undefined) return literal(only)
  if (some !== undefined) return either(some.map(literal))
  if (type === 'array' && (items as Schema | undefined)?.type === 'string')
    return 'a list of strings'
  return either([type ?? 'object'].flat().map((name) => WORDS[name] ?? name))
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function either(words: readonly string[]): string {
  const each = [...new Set(words)]
  const last = each.pop() ?? ''
  return each.length === 0 ? last : `${each.join(', ')} or ${last}`
}
