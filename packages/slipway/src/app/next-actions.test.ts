import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync, Visitor } from 'rolldown/utils'
import { expect, test } from 'vitest'
import { COMMANDS } from '../cli/commands.ts'

const sources = path.join(import.meta.dirname, '..')
const files = globSync('**/*.ts', { cwd: sources }).filter((file) => !file.endsWith('.test.ts'))

test('Slipway commands are suggested as data, so that they can be completed for the target', () => {
  for (const file of files) {
    const text = readFileSync(path.join(sources, file), 'utf8')
    expect(/otherCommand\(\s*['"`]slipway /.test(text), file).toBe(false)
    expect(/command: ['"`]slipway /.test(text) && !file.includes('manual'), file).toBe(false)
  }
})

/** Files whose texts name commands of Slipway, with the reason. */
const NAME_COMMANDS: readonly (readonly [file: string, why: string])[] = [
  ['cli/manual/', 'the help of the commands'],
  ['cli/completion.ts', 'scripts for shells, with the line that loads them'],
  ['cli/inspect-prometheus.ts', 'descriptions of metrics'],
  ['app/package-scripts.ts', 'scripts for package.json'],
  ['app/sqlite/setup.ts', 'scripts for package.json'],
  ['app/config-template.ts', 'comments in slipway.config.ts'],
  ['app/sqlite/config-template.ts', 'comments in slipway.config.ts'],
  ['backup/postgres/databases.ts', 'the comment on a database that is being restored'],
  ['deploy/failures.ts', 'a title of docs/errors.md, which says what wrote a file'],
]

/** A text that consists only of the name of a command, which sessions have as their name on a server. */
const SESSION_NAME = /^(?:\/\* )?slipway [a-z]+(?: [a-z]+)?(?: \*\/)?$/

test('no text for people contains a command of Slipway, which would lack the flags of the target', () => {
  const verbs = COMMANDS.map(({ name }) => name.split(' ')[0])
  const named = new RegExp(String.raw`\bslipway (?:${verbs.join('|')})\b`)
  const texts = files
    .filter((file) => !NAME_COMMANDS.some(([of]) => file.startsWith(of)))
    .flatMap((file) => textsOf(file).map((text) => ({ file, text })))
  const found = texts.filter(({ text }) => named.test(text) && !SESSION_NAME.test(text))
  expect(found).toEqual([])
})

test('each listed file still names commands', () => {
  for (const [of] of NAME_COMMANDS) {
    const own = files.filter((file) => file.startsWith(of))
    expect(own.flatMap(textsOf).join('\n'), of).toContain('slipway ')
  }
})

/** The texts of strings and templates in a source file. */
function textsOf(file: string): string[] {
  const texts: string[] = []
  const { program } = parseSync(file, readFileSync(path.join(sources, file), 'utf8'))
  new Visitor({
    Literal: ({ value }) => {
      if (typeof value === 'string') texts.push(value)
    },
    TemplateElement: ({ value }) => {
      texts.push(value.cooked ?? '')
    },
  }).visit(program)
  return texts
}
