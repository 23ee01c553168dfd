import { expect, test } from 'vitest'
import { schemaBlocks } from './schema-blocks.ts'

test('reads the blocks and leaves comments, models and strings alone', () => {
  const blocks = schemaBlocks(`
    // datasource commented { provider = "mysql" }
    /* generator gone { provider = "x" } */
    model datasource { text String @default("generator fake {") }
    datasource db {
      provider = "postgresql" // trailing
      url      = env("DATABASE_URL")
      schemas  = ["public", "with space"]
      extensions = [pgcrypto, uuid(map: "uuid-ossp")]
    }
    generator client { provider = "prisma-client" output = "../a\\"b" }
  `)
  expect(blocks.map(({ keyword, name }) => `${keyword} ${name}`)).toEqual([
    'datasource db',
    'generator client',
  ])
  expect(Object.fromEntries(blocks[0]?.properties ?? [])).toMatchObject({
    provider: { kind: 'string', value: 'postgresql' },
    url: { kind: 'env', name: 'DATABASE_URL' },
    schemas: { kind: 'list', items: ['public', 'with space'] },
  })
  expect(blocks[1]?.properties.get('output')).toEqual({ kind: 'string', value: '../a"b' })
})

test('an unterminated block is read to the end of the text', () => {
  expect(schemaBlocks('datasource db { provider = "postgresql"')).toHaveLength(1)
  expect(schemaBlocks('')).toEqual([])
})
