import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { FailureSpecs } from '../kernel/index.ts'
import { CATALOGUES } from './catalogue.ts'

const modules = new URL('../', import.meta.url)
const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')

test('every module that declares failures is in the catalogue, under the first part of its codes', async () => {
  const declaring = readdirSync(modules).filter((module) =>
    existsSync(new URL(`${module}/failures.ts`, modules)),
  )
  expect(Object.keys(CATALOGUES).toSorted()).toEqual(
    declaring.map((module) => module.toUpperCase()).toSorted(),
  )
  for (const [prefix, load] of Object.entries(CATALOGUES)) {
    for (const code of Object.keys(await load()))
      expect(code).toMatch(new RegExp(`^${prefix}\\.[A-Z0-9_]+$`))
  }
})

test('docs/errors.md has exactly the declared codes, each with its title, exit code and advice', async () => {
  const specs: FailureSpecs = Object.assign(
    {},
    ...(await Promise.all(Object.values(CATALOGUES).map((load) => load()))),
  )
  const sections = page.split(/^### /m).slice(1)
  const documented = sections.map((section) => section.slice(0, section.indexOf('\n')))
  expect(documented.toSorted()).toEqual(Object.keys(specs).toSorted())
  for (const section of sections) {
    const [code = '', , headline, , advice] = section.split('\n')
    const exit = code === 'CLI.BUG' ? 1 : (specs[code]?.exit ?? 2)
    expect(headline, code).toBe(`${specs[code]?.title}. Exit ${exit}.`)
    expect(advice, code).toMatch(/\w.*\.$/)
  }
})
