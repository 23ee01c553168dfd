import { expect, test } from 'vitest'
import { prepareForEngine, listsExtensions, restoreConfiguration } from './schema-file.ts'

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
  return prepareForEngine([{ path: 'schema.prisma', content }])[0]?.content ?? ''
}

test('leaves out connection strings and the preview features that are not for the engine', () => {
  const text = onlyFile(PRISMA_6)
  expect(text).not.toMatch(/DATABASE_URL|DIRECT_URL|extensions|metrics/)
  expect(text).toContain('previewFeatures = ["views"]')
  expect(text).toContain('url String @id')
})

test('keeps the extensions if they are compared', () => {
  const [file] = prepareForEngine([{ path: 'schema.prisma', content: PRISMA_6 }], {
    extensions: true,
  })
  expect(file?.content).toContain('previewFeatures = ["views", "postgresqlExtensions"]')
  expect(file?.content).toContain('citext(schema: "x")]')
  expect(file?.content).not.toMatch(/DATABASE_URL|metrics/)
})

test('ignores braces and brackets in comments and strings', () => {
  const text = onlyFile(`generator a {
  theme           = "{ } ]"
  // } previewFeatures = ["postgresqlExtensions"]
  previewFeatures = [ // ] "views"
    "metrics", "partialIndexes" // "views"
  ]
}

datasource db { // }
  provider = "postgresql"
  url      = "postgres://a" // }
}
`)
  expect(text).toContain('previewFeatures = ["partialIndexes"')
  expect(text).not.toContain('postgres://a')
  expect(text.split('\n')).toHaveLength(13)
})

test('says whether a schema lists extensions', () => {
  const lists = (content: string) => listsExtensions([{ path: 'a', content }])
  expect(lists(PRISMA_6)).toBe(true)
  expect(lists(PRISMA_6.replace('"postgresqlExtensions"', '// "postgresqlExtensions"\n'))).toBe(
    false,
  )
  expect(lists(`model A {\n  previewFeatures = ["postgresqlExtensions"]\n}`)).toBe(false)
})

test('keeps all line numbers', () => {
  const lines = onlyFile(PRISMA_6).split('\n')
  expect(lines).toHaveLength(PRISMA_6.split('\n').length)
  expect(lines.indexOf('model Link {')).toBe(PRISMA_6.split('\n').indexOf('model Link {'))
})

test('restores the configuration in the files that the engine returns', () => {
  const returned = prepareForEngine([{ path: 'schema.prisma', content: PRISMA_6 }])
  const restored = restoreConfiguration(returned, [{ path: 'a', content: PRISMA_6 }])
  expect(restored).toEqual([{ path: 'schema.prisma', content: PRISMA_6 }])
})
