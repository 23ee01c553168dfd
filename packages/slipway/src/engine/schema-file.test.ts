import { expect, test } from 'vitest'
import { forEngine, restoreConfiguration } from './schema-file.ts'

const PRISMA_6 = `generator client {
  provider        = "prisma-client-js"
  previewFeatures = ["metrics", "views", "postgresqlExtensions"]
}

datasource db {
  provider   = "postgresql"
  url        = env("DATABASE_URL")
  directUrl  = env("DIRECT_URL")
  extensions = [pgcrypto,
    citext(schema: "x")]
}

model Link {
  url String @id
}
`

function onlyFile(content: string): string {
  return forEngine([{ path: 'schema.prisma', content }])[0]?.content ?? ''
}

test('leaves out connection strings and the preview features that are not for the engine', () => {
  const text = onlyFile(PRISMA_6)
  expect(text).not.toMatch(/DATABASE_URL|DIRECT_URL|extensions|metrics/)
  expect(text).toContain('previewFeatures = ["views"]')
  expect(text).toContain('url String @id')
})

test('keeps every line where it is', () => {
  const lines = onlyFile(PRISMA_6).split('\n')
  expect(lines).toHaveLength(PRISMA_6.split('\n').length)
  expect(lines.indexOf('model Link {')).toBe(PRISMA_6.split('\n').indexOf('model Link {'))
})

test('gives the configuration back to what the engine returns', () => {
  const returned = forEngine([{ path: 'schema.prisma', content: PRISMA_6 }])
  const restored = restoreConfiguration(returned, [{ path: 'a', content: PRISMA_6 }])
  expect(restored).toEqual([{ path: 'schema.prisma', content: PRISMA_6 }])
})
