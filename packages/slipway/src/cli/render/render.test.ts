import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { readRuleHelp } from '../../app/index.ts'
import { failureFrom } from '../../kernel/index.ts'
import { type Report, report } from '../command.ts'
import { failureBlocks } from '../present.ts'
import type { Block } from '../view.ts'
import { disableWorkflowCommands, renderAnnotations } from './github.ts'
import { renderHuman } from './human.ts'
import type { Frame } from './json.ts'
import { renderMarkdown } from './markdown.ts'
import { renderSarif } from './sarif.ts'
import { clean, styleFor } from './style.ts'

const frame: Frame = { version: '1.2.3', command: 'check', exitCode: 4, root: '/repository' }
const plain = { style: (_look: unknown, text: string) => text }

const everyBlock: readonly Block[] = [
  { kind: 'heading', text: 'Plan' },
  { kind: 'paragraph', text: 'Two steps on `shop`.' },
  {
    kind: 'fields',
    fields: [
      { label: 'database', value: 'shop', note: '--url' },
      { label: 'lock', value: '200 ms' },
    ],
  },
  {
    kind: 'table',
    columns: [{ title: 'migration' }, { title: 'rows', align: 'right' }],
    rows: [
      ['one', '5'],
      ['twenty_two', '1000'],
    ],
  },
  { kind: 'list', items: ['first', 'second'] },
  { kind: 'code', language: 'sql', text: 'SELECT 1;\n' },
  { kind: 'diff', text: '-old\n+new\n' },
  { kind: 'status', mark: 'done', text: 'one', note: '12 ms' },
  { kind: 'status', mark: 'pending', text: 'two' },
  {
    kind: 'actions',
    title: 'Next',
    actions: [
      { kind: 'command', command: 'slipway repair', label: 'resolve it' },
      { kind: 'edit', path: 'down.sql', label: 'complete it' },
      { kind: 'advice', label: 'Ask a colleague.' },
    ],
  },
]

const failing: Report = {
  ...report({}, []),
  findings: [
    {
      id: 'index-blocks-writes',
      severity: 'warning',
      message: '100% of writes wait,\nfor a while',
      where: { file: '/repository/prisma/a b/migration.sql', line: 3, column: 7 },
    },
    { id: 'slow', severity: 'notice', message: 'Slow.' },
  ],
  failure: failureFrom('DEPLOY.STATEMENT_FAILED', { message: 'It failed.', why: 'A row.' }),
}

test('human', () => {
  expect(renderHuman(everyBlock, plain)).toBe(`Plan
Two steps on \`shop\`.

  database  shop  (--url)
  lock      200 ms

  migration   rows
  one            5
  twenty_two  1000

- first
- second

  SELECT 1;

  -old
  +new

✓ one  12 ms
○ two

Next
  slipway repair  resolve it
  edit down.sql  complete it
  Ask a colleague.
`)
})

test('paragraphs wrap at the width of a terminal', () => {
  const text = renderHuman([{ kind: 'paragraph', text: 'a word and another word and a third' }], {
    ...plain,
    width: 20,
  })
  expect(text).toBe('a word and another\nword and a third\n')
})

test('markdown', () => {
  expect(renderMarkdown(everyBlock)).toBe(`## Plan

Two steps on \`shop\`.

- **database:** shop (--url)
- **lock:** 200 ms

| migration | rows |
| --- | ---: |
| one | 5 |
| twenty_two | 1000 |

- first
- second

\`\`\`sql
SELECT 1;
\`\`\`

\`\`\`diff
-old
+new
\`\`\`

✓ one — 12 ms

○ two

**Next**

- \`slipway repair\` — resolve it
- edit \`down.sql\` — complete it
- Ask a colleague.
`)
})

test('names and SQL cannot inject markdown', () => {
  const text = renderMarkdown([
    { kind: 'paragraph', text: '<img src=x> [a](b) `<code>`' },
    { kind: 'table', columns: [{ title: 'name' }], rows: [['a|b\nc']] },
    { kind: 'code', language: 'sql', text: "SELECT '```';" },
  ])
  expect(text).toBe(
    "\\<img src=x\\> \\[a\\](b) `<code>`\n\n| name |\n| --- |\n| a\\|b c |\n\n````sql\nSELECT '```';\n````\n",
  )
})

test('a failure shows code, why, place with caret, and the message of the server', () => {
  const failure = failureFrom('DATABASE.STATEMENT', {
    message: 'The server refused a statement.',
    why: 'It has an error.',
    where: { file: 'migration.sql', line: 2, column: 8, excerpt: 'SELEKT 1;\n^' },
    server: { sqlstate: '42601', message: 'syntax error', hint: 'Look again.' },
  })
  expect(renderHuman(failureBlocks(failure, '/shop'), plain))
    .toBe(`✗ The server refused a statement.  DATABASE.STATEMENT

It has an error.

At migration.sql:2:8

  SELEKT 1;
  ^

  PostgreSQL  syntax error
  SQLSTATE    42601
  Hint        Look again.
`)
})

describe('github', () => {
  test('an annotation for each finding and the failure, escaped', () => {
    expect(renderAnnotations(failing, frame)).toBe(
      [
        '::warning file=prisma/a b/migration.sql,line=3,col=7,title=index-blocks-writes::100%25 of writes wait,%0Afor a while',
        '::notice title=slow::Slow.',
        '::error title=DEPLOY.STATEMENT_FAILED::It failed. A row.',
        '',
      ].join('\n'),
    )
  })

  test('a workflow command in the text is not executed', () => {
    expect(disableWorkflowCommands('nothing odd\n')).toBe('nothing odd\n')
    const lines = disableWorkflowCommands('SQL:\n  ::set-output name=x::y\n').split('\n')
    const token = /^::stop-commands::(\w{32})$/.exec(lines[0] ?? '')?.[1]
    expect(lines.at(-2)).toBe(`::${token}::`)
  })
})

// The OASIS schema, as published by the JSON Schema Store.
const SARIF_SCHEMA = path.join(import.meta.dirname, '../../../test/fixtures/sarif-2.1.0.json')

test.each([
  ['failing', failing],
  ['without findings', report({}, [])],
])('sarif: a report %s is valid according to the official schema', (_name, one) => {
  const validator = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
  addFormats.default(validator)
  const schema = JSON.parse(readFileSync(SARIF_SCHEMA, 'utf8')) as object
  validator.validate(schema, JSON.parse(renderSarif(one, frame)))
  expect(validator.errors).toBeNull()
})

test('sarif: the page of the hazard or the section of the failure explains a rule', async () => {
  const help = await readRuleHelp(['drop-column', 'DEPLOY.LOCKED', 'slow'])
  expect([...help.keys()]).toEqual(['drop-column', 'DEPLOY.LOCKED'])
  const { rules } = JSON.parse(
    renderSarif(
      report({}, [], {
        findings: [
          { id: 'drop-column', severity: 'error', message: 'm' },
          { id: 'slow-query', severity: 'notice', message: 'm' },
        ],
      }),
      { ...frame, help },
    ),
  ).runs[0].tool.driver
  expect(rules).toMatchObject([
    {
      id: 'drop-column',
      shortDescription: { text: 'A column is dropped with its values' },
      help: { markdown: expect.stringContaining('## Instead of') },
      helpUri: expect.stringMatching(/^https:\/\/www\.postgresql\.org\/docs\//),
    },
    { id: 'slow-query', shortDescription: { text: 'Slow query' }, help: { text: 'Slow query' } },
  ])
  const { markdown, text } = rules[0].help
  expect(markdown).not.toContain('<!--')
  expect(text).toBe(markdown)
  expect(rules[0].fullDescription.text.length).toBeGreaterThan(20)
  expect(rules[0].fullDescription.text).not.toContain('#')
  expect(help.get('DEPLOY.LOCKED')?.markdown).toMatch(/^Another deploy holds the deploy lock/)
})

test('sarif: a rule and a result for each finding', () => {
  const log = JSON.parse(renderSarif(failing, frame))
  expect(log.version).toBe('2.1.0')
  const [run] = log.runs
  expect(run.tool.driver.rules).toMatchObject([
    { id: 'DEPLOY.STATEMENT_FAILED', shortDescription: { text: 'DEPLOY.STATEMENT_FAILED' } },
    { id: 'index-blocks-writes', shortDescription: { text: 'Index blocks writes' } },
    { id: 'slow', shortDescription: { text: 'Slow' } },
  ])
  expect(
    run.results.map((one: { level: string; ruleIndex: number }) => [one.level, one.ruleIndex]),
  ).toEqual([
    ['warning', 1],
    ['note', 2],
    ['error', 0],
  ])
  expect(run.results[0].locations[0].physicalLocation).toEqual({
    artifactLocation: { uri: 'prisma/a%20b/migration.sql' },
    region: { startLine: 3, startColumn: 7 },
  })
  expect(run.invocations).toEqual([{ executionSuccessful: false, exitCode: 4 }])
})

test('clean masks secrets and escapes characters that control a terminal', () => {
  expect(clean('postgres://u:secret@host/db')).toBe('postgres://u:***@host/db')
  expect(clean('a\u001b[2Jb\u0007\r\nc\td\u202e')).toBe(
    String.raw`a\u001b[2Jb\u0007` + '\nc\td' + String.raw`\u202e`,
  )
})

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
])('colours: a terminal %s, environment %o: %s', (isTTY, env, expected) => {
  const output = { isTTY, write: () => undefined }
  expect(styleFor(output, env)('red', 'x') !== 'x').toBe(expected)
})
