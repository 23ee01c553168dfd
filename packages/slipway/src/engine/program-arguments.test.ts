import { expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { datasourceOfSchema, parseArguments, resolveDatasource } from './program-arguments.ts'

test('reads the command lines of Prisma 7 and 6', () => {
  const datasource = '{"url":"postgresql://h/d","shadowDatabaseUrl":"postgresql://h/s"}'
  const seven = parseArguments(['--datamodels', 'a.prisma', '--datasource', datasource])
  expect(seven).toEqual({ command: 'serve', datamodels: ['a.prisma'], datasource })
  expect(resolveDatasource({ ...seven, datamodels: [] }, {}).url?.reveal()).toBe('postgresql://h/d')
  const six = parseArguments(['cli', '--datasource', 'postgresql://h/d', 'create-database'])
  expect(six.command).toBe('create-database')
  expect(resolveDatasource(six, {}).url?.reveal()).toBe('postgresql://h/d')
  expect(parseArguments(['--version']).command).toBe('version')
})

test('finds the connection strings in a schema of Prisma 6; directUrl is for migrations', () => {
  const content = `datasource db {
  provider          = "postgresql"
  url               = "postgresql://pooler/d"
  directUrl         = env("DIRECT_URL")
  shadowDatabaseUrl = env("UNSET")
}`
  const files = [{ path: 'schema.prisma', content }]
  expect(datasourceOfSchema(files, { DIRECT_URL: 'postgresql://direct/d' })).toEqual({
    url: 'postgresql://direct/d',
  })
  expect(datasourceOfSchema(files, {})).toEqual({ url: 'postgresql://pooler/d' })
})

test.each([
  '{"url":"postgresql://u:sesame@h/d"',
  '{"url": postgresql://u:sesame@h/d}',
  '{"url": {"url": "postgresql://u:sesame@h/d"}}',
  '{sesame',
])('an invalid datasource is refused without quoting it: %s', (datasource) => {
  const args = { command: 'serve' as const, datamodels: [], datasource }
  let thrown: unknown
  try {
    resolveDatasource(args, {})
  } catch (error) {
    thrown = error
  }
  expect(failureOf(thrown)?.code).toBe('ENGINE.DATASOURCE_INVALID')
  expect(JSON.stringify(failureOf(thrown))).not.toContain('sesame')
  expect(String(thrown)).not.toContain('sesame')
})
