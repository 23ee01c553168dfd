import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// `npm run new hazard <id> [sqlite]`: the rule, its page, and its place in the list of all rules of its
// dialect.

const { positionals } = parseArgs({ allowPositionals: true })
const [kind, id = '', dialect = 'postgres'] = positionals
const isKnown = dialect === 'postgres' || dialect === 'sqlite'
if (kind !== 'hazard' || !isKnown || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id)) {
  console.error('Usage: npm run new hazard <id> [sqlite], with an id like index-not-concurrent.')
  process.exit(2)
}

const isSqlite = dialect === 'sqlite'
const HAZARDS_FOLDER = `packages/slipway/src/hazards${isSqlite ? '/sqlite' : ''}`

const rule = `${HAZARDS_FOLDER}/rules/${id}.ts`
const page = `docs/hazards/${id}.md`
const list = `${HAZARDS_FOLDER}/rules.ts`
const taken = [rule, page].find((file) => existsSync(file))
if (taken !== undefined) {
  console.error(`${taken} already exists.`)
  process.exit(2)
}

const name = id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
writeFileSync(rule, isSqlite ? sqliteRuleTemplate() : ruleTemplate())
writeFileSync(page, isSqlite ? sqlitePageTemplate() : pageTemplate())
writeFileSync(list, listed(readFileSync(list, 'utf8')))
console.log(`Wrote ${rule} and ${page}, and listed the rule in ${list}.
Next: give it its title in both, name it in docs/hazards/README.md, and run: npm test -- hazards`)

function ruleTemplate(): string {
  return `import type { Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** What goes wrong, in one sentence. */
export const ${name}: Rule = {
  id: '${id}',
  title: 'What goes wrong',
  judge(action, context) {
    if (action.kind !== 'add-column') return undefined
    const { table } = action
    return {
      severity: 'warning',
      object: tableObject(context, table),
      table,
      lock: 'ACCESS EXCLUSIVE',
      message: \`What the statement does to \${full(context, table)}.\`,
    }
  },
}
`
}

function sqliteRuleTemplate(): string {
  return `import type { SqliteRule } from '../rule.ts'
import { columnObject } from '../names-and-sizes.ts'

/** What goes wrong, in one sentence. */
export const ${name}: SqliteRule = {
  id: '${id}',
  title: 'What goes wrong',
  judge(detail) {
    if (detail.kind !== 'add-column') return undefined
    const { table, column } = detail
    return {
      severity: 'warning',
      object: columnObject(table, column.name),
      table,
      message: \`What the statement does to \${table}.\`,
    }
  },
}
`
}

function pageTemplate(): string {
  return `# What goes wrong

## Problem

What happens, and to whom.

## Instead of

\`\`\`sql
ALTER TABLE "users" ADD COLUMN "plan" TEXT;
\`\`\`

## Use

\`\`\`sql
SELECT 1;
\`\`\`

## Lock and duration

\`ACCESS EXCLUSIVE\` for a moment.

## Source

[PostgreSQL: ALTER TABLE](https://www.postgresql.org/docs/current/sql-altertable.html)

<!-- setup:
CREATE TABLE users (id integer PRIMARY KEY, email text);
INSERT INTO users SELECT n, 'user' || n || '@example.org' FROM generate_series(1, 1000) AS n;
-->
`
}

/** The HTML comments are for the test of the pages: hazards/sqlite/docs.test.ts. */
function sqlitePageTemplate(): string {
  return `# What goes wrong

## Problem

What happens, and to whom.

## Instead of

\`\`\`sql
ALTER TABLE orders ADD COLUMN state TEXT;
\`\`\`

## Use

\`\`\`sql
SELECT 1;
\`\`\`

## Effect

What SQLite or D1 does, and when.

## Source

[SQLite: ALTER TABLE](https://www.sqlite.org/lang_altertable.html)

<!-- setup:
CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
INSERT INTO orders VALUES (1, 'a'), (2, 'b');
-->
<!-- after-instead: SELECT count(*) FROM orders => 2 -->
`
}

function listed(text: string): string {
  return text
    .replace(/\n\n\/\*\*/, `\nimport { ${name} } from './rules/${id}.ts'\n\n/**`)
    .replace(/\n\]\n$/, `\n  ${name},\n]\n`)
}
