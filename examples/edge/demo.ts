import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

// Shows on a local D1 database, in a copy of this project, that Prisma rebuilds a table and D1 deletes the rows
// that refer to it; then deploys the same migration with Slipway. All commands are real. Exits with 1 if a step
// does not go as expected.

const repository = path.join(import.meta.dirname, '../..')
const copies = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-demo-edge-'))
const programs = {
  prisma: path.join(repository, 'node_modules/prisma/build/index.js'),
  slipway: path.join(repository, 'packages/slipway/bin/slipway.js'),
  wrangler: path.join(repository, 'node_modules/wrangler/bin/wrangler.js'),
}

const MIGRATION = 'migrations/0004_drop_customer_phone.sql'
const DOWN = 'ALTER TABLE "customers" ADD COLUMN "phone" TEXT;\n'
/** The rows of seed.sql. */
const SEEDED = { customers: 3, orders: 4, items: 6 }

await main()

async function main(): Promise<void> {
  const started = Date.now()
  try {
    await tour()
    const seconds = Math.round((Date.now() - started) / 1000)
    say(`\nEvery step went as expected, in ${seconds} s. The copies are removed.`)
  } catch (error) {
    say(`\nThe demo stopped. ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    fs.rmSync(copies, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function tour(): Promise<void> {
  const slipwayCopy = copyOf(import.meta.dirname, 'slipway')

  chapter('A D1 database on this machine, with customers, orders and items')
  await slipway(slipwayCopy, 'deploy --local')
  await wrangler(
    slipwayCopy,
    'd1 execute DB --local --yes --file ../../packages/database/seed.sql',
    'ignore',
  )
  expectCounts(slipwayCopy, SEEDED)

  chapter('The customers lose their phone numbers: Prisma rebuilds the table')
  const before = 'prisma/before.prisma'
  removeFromSchema(slipwayCopy, '  phone     String?\n', before)
  await prisma(
    slipwayCopy,
    `migrate diff --from-schema ${before} --to-schema prisma/schema.prisma --script --output ${MIGRATION}`,
  )
  write(slipwayCopy, 'migrations/down/0004_drop_customer_phone.sql', DOWN)
  show(slipwayCopy, MIGRATION)
  const wranglerCopy = copyOf(slipwayCopy, 'wrangler')

  chapter(
    'Applied by wrangler: D1 ignores PRAGMA foreign_keys=OFF, and the rows of children are gone',
  )
  await wrangler(wranglerCopy, 'd1 migrations apply DB --local')
  expectCounts(wranglerCopy, { customers: 3, orders: 0, items: 0 })

  chapter('The same file, deployed by Slipway: every row still exists')
  await slipway(slipwayCopy, 'deploy --local')
  expectCounts(slipwayCopy, SEEDED)

  chapter('wrangler sees the same history')
  await wrangler(slipwayCopy, 'd1 migrations list DB --local')

  chapter('Rolled back: the phone numbers are restored, too')
  await slipway(slipwayCopy, 'rollback --steps 1 --local')
  expectCounts(slipwayCopy, SEEDED)
  expectPhones(slipwayCopy, 2)
}

/** Copies a project without generated files, but with local databases; it uses the repository's packages. */
function copyOf(project: string, name: string): string {
  const copy = path.join(copies, name)
  const left = new Set(['.env', '.slipway', 'generated', 'node_modules'])
  fs.cpSync(project, copy, {
    recursive: true,
    filter: (source) => !left.has(path.basename(source)) && source !== ownState(project),
  })
  fs.symlinkSync(path.join(repository, 'node_modules'), path.join(copy, 'node_modules'), 'junction')
  return copy
}

/** The local databases of a developer who works in this project, which the demo does not use. */
function ownState(project: string): string | undefined {
  return project === import.meta.dirname ? path.join(project, 'apps/worker/.wrangler') : undefined
}

async function slipway(project: string, line: string): Promise<void> {
  await run('slipway', line, { cwd: path.join(project, 'packages/database'), output: 'inherit' })
}

async function prisma(project: string, line: string): Promise<void> {
  await run('prisma', line, { cwd: path.join(project, 'packages/database'), output: 'ignore' })
}

async function wrangler(project: string, line: string, output: Output = 'inherit'): Promise<void> {
  await run('wrangler', line, { cwd: path.join(project, 'apps/worker'), output })
}

type Output = 'inherit' | 'ignore'

/** Runs a command, and shows its output unless that is ignored. Its exit code must be 0. */
async function run(
  program: keyof typeof programs,
  line: string,
  { cwd, output }: { readonly cwd: string; readonly output: Output },
): Promise<void> {
  say(`\n$ ${program} ${line}`)
  const child = spawn(process.execPath, [programs[program], ...line.split(' ')], {
    cwd,
    env: environment(),
    // There is no terminal for input, so that no command waits for an answer.
    stdio: ['ignore', output, 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`\`${program} ${line}\` ended with exit ${String(code)}.`)
}

/** The environment of the shell without variables that would select a database other than the local one. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(DATABASE_URL|DIRECT_URL|SLIPWAY_.*|CLOUDFLARE_.*)$/
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return {
    ...Object.fromEntries(own),
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
  }
}

function expectCounts(project: string, expected: Readonly<Record<string, number>>): void {
  const found = Object.keys(expected).map((table) => [
    table,
    query(project, `SELECT count(*) AS n FROM "${table}"`),
  ])
  say(`\n# rows: ${found.map(([table, rows]) => `${table} ${rows}`).join(', ')}`)
  for (const [table, rows] of found)
    if (rows !== expected[String(table)])
      throw new Error(`Expected ${expected[String(table)]} rows in ${table}, and found ${rows}.`)
}

function expectPhones(project: string, expected: number): void {
  const found = query(project, 'SELECT count(phone) AS n FROM "customers"')
  say(`# phone numbers: ${found}`)
  if (found !== expected) throw new Error(`Expected ${expected} phone numbers, and found ${found}.`)
}

/** Reads a number from the file of the local database. */
function query(project: string, sql: string): number {
  const folder = path.join(project, 'apps/worker/.wrangler/state/v3/d1/miniflare-D1DatabaseObject')
  const file = fs.readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
  if (file === undefined) throw new Error('There is no local database.')
  const database = new DatabaseSync(path.join(folder, file), { readOnly: true })
  try {
    return Number(database.prepare(sql).get()?.['n'])
  } finally {
    database.close()
  }
}

/** Removes a line that must exist from the schema, shows the change, and keeps the earlier schema as `kept`. */
function removeFromSchema(project: string, line: string, kept: string): void {
  const file = path.join(project, 'packages/database/prisma/schema.prisma')
  const content = fs.readFileSync(file, 'utf8')
  if (!content.includes(line)) throw new Error(`The schema has no "${line}".`)
  write(project, kept, content)
  fs.writeFileSync(file, content.replace(line, ''))
  say(`\n# prisma/schema.prisma\n- ${line.trimEnd()}`)
}

function write(project: string, file: string, content: string): void {
  fs.writeFileSync(path.join(project, 'packages/database', file), content)
}

function show(project: string, file: string): void {
  say(`\n# ${file}`)
  const text = fs.readFileSync(path.join(project, 'packages/database', file), 'utf8')
  say(text.trimEnd().replace(/^/gm, '  '))
}

function chapter(title: string): void {
  say(`\n${title}\n${'-'.repeat(title.length)}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
