import { expect, test } from 'vitest'
import { addScripts, SCRIPTS } from './package-scripts.ts'

const all = Object.keys(SCRIPTS)

test.each([
  ['{}', 'an empty object'],
  ['{ "name": "shop" }', 'one line'],
  ['{\n  "name": "shop"\n}\n', 'no scripts'],
  ['{\n\t"name": "shop",\n\t"scripts": {\n\t\t"build": "tsc"\n\t}\n}\n', 'tabs'],
  [
    '{\r\n    "scripts": {\r\n        "a}": "\\"{"\r\n    },\r\n    "files": ["a", "b"]\r\n}',
    'CRLF',
  ],
  [
    '{ "scripts": { "build": "tsc" }, "x": { "scripts": { "db:dev": "no" } } }',
    'one line with scripts',
  ],
  ['{\n  "x": { "scripts": {} },\n  "scripts": {},\n  "list": [ 1,2 ]\n}', 'nested scripts'],
  ['\uFEFF{\n  "name": "shop"\n}', 'a byte order mark'],
])('%j: adds the scripts and keeps all other text (%s)', (text) => {
  const { text: after, added } = addScripts(text) ?? { text: '', added: [] }
  expect(added).toEqual(all)
  const before = JSON.parse(text.replace('\uFEFF', '')) as { scripts?: object }
  const read = JSON.parse(after.replace('\uFEFF', '')) as { scripts: object }
  expect(read).toEqual({ ...before, scripts: { ...before.scripts, ...SCRIPTS } })
  // The old text is a subsequence of the new one: characters were only added.
  let at = 0
  for (const character of text.replaceAll(/\s/g, '')) {
    at = after.indexOf(character, at) + 1
    expect(at).toBeGreaterThan(0)
  }
  expect(after.includes('\r\n')).toBe(text.includes('\r\n'))
})

test('keeps the layout of the file', () => {
  expect(
    addScripts('{\n  "name": "shop",\n  "scripts": {\n    "build": "tsc"\n  }\n}\n')?.text,
  ).toBe(
    '{\n  "name": "shop",\n  "scripts": {\n    "build": "tsc",\n    "db:dev": "slipway dev",\n' +
      '    "db:check": "slipway check",\n    "db:deploy": "slipway deploy",\n    "db:status": "slipway status"\n  }\n}\n',
  )
})

test('keeps an existing script, and a second run changes nothing', () => {
  const text = '{ "scripts": { "db:dev": "mine" } }'
  const once = addScripts(text)
  expect(once?.added).toEqual(all.filter((name) => name !== 'db:dev'))
  expect(once?.text).toContain('"db:dev": "mine"')
  expect(addScripts(once?.text ?? '')).toEqual({ text: once?.text, added: [] })
})

test.each(['', '[]', 'null', '{ "name": ', '{ /* */ }'])('%j cannot be changed', (text) => {
  expect(addScripts(text)).toBeUndefined()
})
