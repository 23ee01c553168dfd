import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { findDiscouragedWords } from '../tools/language.ts'

const repository = path.join(import.meta.dirname, '..')
const source = 'packages/slipway/src/'

/** The number of discouraged words left in each module. It may only decrease; a module is removed at zero. */
const remaining: Readonly<Record<string, number>> = {}

const documents = filesOf(
  '{*.md,docs/**/*.md,.changeset/*.md,packages/*/README.md,examples/*/README.md}',
)

function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: repository, exclude: (name) => name.includes('node_modules') })
    .map((file) => file.replaceAll(path.sep, '/'))
    .toSorted()
}

function read(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8')
}

function usagesOf(file: string): string[] {
  return findDiscouragedWords(read(file)).map(
    ({ line, words, instead }) => `${file}:${line} "${words}": ${instead}`,
  )
}

test('documents use no discouraged word', () => {
  expect(documents.length).toBeGreaterThan(60)
  const usages = documents.flatMap(usagesOf)
  expect(usages.length > (remaining['documents'] ?? 0) ? usages : []).toEqual([])
})

test('sources use no discouraged word in comments, messages and names', () => {
  const usages = new Map<string, string[]>()
  for (const file of filesOf(`${source}**/*.{ts,sql}`)) {
    const module = file.slice(source.length).split('/')[0] ?? ''
    usages.set(module, [...(usages.get(module) ?? []), ...usagesOf(file)])
  }
  const tooMany = [...usages].filter(([module, found]) => found.length > (remaining[module] ?? 0))
  expect(tooMany.map(([module, found]) => [`${module}: ${found.length}`, ...found])).toEqual([])
})

test('tests, benchmarks, tools, examples and the runtime use no discouraged word', () => {
  const listing = ['tools/language.ts', 'test/language.test.ts']
  const files = filesOf(
    '{{packages/slipway,packages/runtime}/{*,test/**/*,bench/**/*}.{ts,sql},packages/runtime/src/**/*.ts,{bench,test,tools,examples}/**/*.{ts,tsx,sql},.ci/run}',
  ).filter((file) => !listing.includes(file) && !/(?:^|\/)(?:generated|\.next|dist)\//.test(file))
  expect(files.length).toBeGreaterThan(400)
  expect(files.flatMap(usagesOf)).toEqual([])
})

test('a phrase is found across the lines of a comment', () => {
  const text = '/**\n * It is there all\n * the same.\n */\n'
  expect(findDiscouragedWords(text)).toEqual([
    { line: 2, words: 'all the same', instead: 'anyway' },
  ])
})

test('links of documents lead to files of the repository', () => {
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(path.join(repository, path.dirname(file), target)))
      .map((target) => `${file}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('files that documents name exist', () => {
  const roots = ['', source, 'packages/slipway/', 'packages/slipway/test/']
  const missing = ['ARCHITECTURE.md', ...documents.filter((file) => file.includes('decisions/'))]
    .flatMap((file) =>
      [...read(file).matchAll(/`([\w-]+(?:\/[\w.-]+)+\.ts)`/g)].map(([, name = '']) => ({
        file,
        name,
      })),
    )
    .filter(({ name }) => !roots.some((root) => existsSync(path.join(repository, root, name))))
    .map(({ file, name }) => `${file}: ${name}`)
  expect(missing).toEqual([])
})

test('sources cite documents that exist', () => {
  const missing = filesOf('{packages/*/{src,test},tools}/**/*.ts')
    .flatMap((file) =>
      [...read(file).matchAll(/(?<![\w./-])((?:docs\/[\w./-]+|[A-Z]{4,})\.md)\b/g)].map(
        ([, name = '']) => ({ file, name }),
      ),
    )
    .filter(({ name }) => !existsSync(path.join(repository, name)))
    .map(({ file, name }) => `${file}: ${name}`)
  expect(missing).toEqual([])
})
