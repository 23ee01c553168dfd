import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

// `npm run new hazard <id>`: the rule, its page, and its place in the list of all rules.

const ROOM = 'packages/slipway/src/hazards'

const { positionals } = parseArgs({ allowPositionals: true })
const [kind, id = ''] = positionals
if (kind !== 'hazard' || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id)) {
  console.error('Usage: npm run new hazard <id>, with an id like index-not-concurrent.')
  process.exit(2)
}

const rule = `${ROOM}/rules/${id}.ts`
const page = `docs/hazards/${id}.md`
const list = `${ROOM}/rules.ts`
const taken = [rule, page].find((file) => existsSync(file))
if (taken !== undefined) {
  console.error(`${taken} is there already.`)
  process.exit(2)
}

const name = id.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
writeFileSync(rule, ruleTemplate())
writeFileSync(page, pageTemplate())
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

function listed(text: string): string {
  return text
    .replace(/\n\n\/\*\*/, `\nimport { ${name} } from './rules/${id}.ts'\n\n/**`)
    .replace(/\n\]\n$/, `\n  ${name},\n]\n`)
}
