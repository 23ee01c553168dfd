import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { PGlite } from '@electric-sql/pglite'
import { testDatabase } from 'slipway/testing'

// A tour of Slipway on a copy of this project, with the embedded database and, at the end, a PostgreSQL server. All
// commands and their output are real. Exits with 1 if a step does not go as expected.

const repository = path.join(import.meta.dirname, '../..')
const cli = path.join(repository, 'packages/slipway/bin/slipway.js')
const project = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-demo-'))
const schema = path.join(project, 'prisma/schema.prisma')
const migrations = path.join(project, 'prisma/migrations')

/** Rows that a user entered in the application, which are in no migration and in no seed. */
const SHARED_MAILBOX = `INSERT INTO "contacts" ("carrier_id", "full_name", "email")
SELECT "id", 'Ruth Salazar', 'office@two-fleets.example' FROM "carriers" ORDER BY "id" LIMIT 2;
`

/** Two carriers of one owner share a mailbox; the one that was entered first keeps it. */
const ONE_MAILBOX_EACH = `UPDATE "contacts" SET "email" = NULL
WHERE "email" IS NOT NULL AND "id" NOT IN (SELECT min("id") FROM "contacts" GROUP BY "email");
`

await main()

async function main(): Promise<void> {
  const started = Date.now()
  try {
    copyProject()
    await tour()
    const seconds = Math.round((Date.now() - started) / 1000)
    say(`\nEvery step went as expected, in ${seconds} s. The copy is removed.`)
  } catch (error) {
    say(`\nThe demo stopped. ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    fs.rmSync(project, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function tour(): Promise<void> {
  chapter('A Prisma project with a history, and an empty database')
  await slipway('status')
  await slipway('deploy')
  await expectStatus({ state: 'up-to-date', pending: 0 })

  chapter('Reference data comes from versioned seed sets; a second run writes nothing')
  await slipway('seed run')
  await slipway('seed run')
  await typeIn(SHARED_MAILBOX)

  chapter('A change of the schema becomes a migration, with its down migration')
  edit(schema, '  powerUnits  Int?', '  rating      Decimal? @db.Decimal(2, 1)\n  powerUnits  Int?')
  await slipway('create add_carrier_rating')
  show('add_carrier_rating')
  await slipway('deploy')

  chapter('Deployed too early? One command rolls it back')
  await slipway('rollback --steps 1')
  await expectStatus({ state: 'behind', pending: 1 })
  await slipway('deploy')
  await expectStatus({ state: 'up-to-date', pending: 0 })

  chapter('A migration that the rows do not allow: two carriers share a mailbox')
  const email = '  email     String?  @db.VarChar(255)'
  const seen = '  emailSeenAt DateTime? @map("email_seen_at") @db.Timestamptz(3)'
  edit(schema, email, `${email.replace('@db', '@unique @db')}\n${seen}`)
  await slipway('create unique_contact_emails')
  const file = sqlOf('unique_contact_emails')
  edit(file, 'CREATE UNIQUE INDEX', 'CREATE UNIQUE INDEX CONCURRENTLY')
  await slipway('deploy', { exit: 4 })

  chapter('The pre-check changed nothing. With the finding accepted, the deploy stops half-way')
  await slipway('deploy --accept pre-check', { exit: 6 })
  await slipway('status', { exit: 'any' })
  await expectStatus({ state: 'failed' })

  chapter('A part of it is applied. Repair knows which, and undoes it')
  await slipway('repair --undo')
  await expectStatus({ state: 'behind', pending: 1 })

  chapter('The migration corrects the rows first, and succeeds')
  edit(file, '-- CreateIndex', `${ONE_MAILBOX_EACH}\n-- CreateIndex`)
  await slipway('deploy')
  await slipway('status')
  await expectStatus({ state: 'up-to-date', pending: 0 })

  chapter('Every seeded row still exists and is equal')
  await slipway('seed verify')
  await backups()
}

/** A backup needs a server and its programs; if this machine has none, the tour ends without it. */
async function backups(): Promise<void> {
  chapter('On a PostgreSQL server: a backup, the proof that it can be restored, and its restore')
  const { url, drop } = await testDatabase({ cwd: project })
  const at = { SLIPWAY_URL: url }
  const database = new URL(url).pathname.slice(1)
  try {
    await slipway('backup create', { exit: 'any', env: at })
    const made = fs.existsSync(path.join(project, 'prisma/backups'))
    if (!made) return say('\nThis machine has no pg_dump, or no server for it: the tour ends here.')
    await slipway('backup verify', { env: at })
    await slipway(`backup restore --confirm ${database} --drop-old`, { env: at })
    await slipway('backup list', { env: at })
    await slipway('status', { env: at })
  } finally {
    await drop()
  }
}

/** Copies the project without generated and private files; it uses the repository's packages. */
function copyProject(): void {
  const left = new Set(['.env', '.slipway', 'generated', 'node_modules'])
  fs.cpSync(import.meta.dirname, project, {
    recursive: true,
    filter: (source) => !left.has(path.relative(import.meta.dirname, source)),
  })
  const packages = path.join(repository, 'node_modules')
  fs.symlinkSync(packages, path.join(project, 'node_modules'), 'junction')
}

/** Runs SQL without the tool, as the application would. */
async function typeIn(sql: string): Promise<void> {
  say(`\n# the application writes\n${sql.trimEnd().replace(/^/gm, '+ ')}`)
  const database = await PGlite.create(path.join(project, '.slipway', 'database'))
  await database.exec(sql)
  await database.close()
}

interface Expected {
  readonly exit?: number | 'any'
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command and shows its output. Its exit code must be `exit`. */
async function slipway(line: string, { exit = 0, env = {} }: Expected = {}): Promise<void> {
  say(`\n$ slipway ${line}`)
  const child = spawn(process.execPath, [cli, ...line.split(' ')], {
    cwd: project,
    env: { ...environment(), ...env },
    // There is no terminal for input, so that no command waits for an answer.
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (exit !== 'any' && code !== exit) {
    throw new Error(`\`slipway ${line}\` ended with exit ${String(code)} instead of ${exit}.`)
  }
}

/** Checks, without showing it, whether the database is in the state that the tour claims. */
async function expectStatus(expected: { state: string; pending?: number }): Promise<void> {
  const child = spawn(process.execPath, [cli, 'status', '--json'], {
    cwd: project,
    env: environment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { result } = JSON.parse(await text(child.stdout))
  const { pending = result.pending.length } = expected
  if (result.state !== expected.state || result.pending.length !== pending) {
    const found = `${result.state}, ${result.pending.length} pending`
    throw new Error(`Expected the state ${expected.state}, ${pending} pending, and found ${found}.`)
  }
}

/** The environment of the shell without variables that would select a database other than the embedded one. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(DATABASE_URL|DIRECT_URL|SLIPWAY_.*)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

/** Replaces a text that must exist, and shows the change. */
function edit(file: string, before: string, after: string): void {
  const content = fs.readFileSync(file, 'utf8')
  if (!content.includes(before)) throw new Error(`${file} has no "${before}".`)
  fs.writeFileSync(
    file,
    content.replace(before, () => after),
  )
  say(`\n# ${path.relative(project, file)}`)
  for (const line of after.split('\n')) if (line !== '' && line !== before) say(`+ ${line}`)
}

function sqlOf(suffix: string, file = 'migration.sql'): string {
  const name = fs.readdirSync(migrations).find((entry) => entry.endsWith(`_${suffix}`))
  if (!name) throw new Error(`There is no migration ${suffix}.`)
  return path.join(migrations, name, file)
}

/** Prints both files of a migration. */
function show(suffix: string): void {
  for (const file of [sqlOf(suffix), sqlOf(suffix, 'down.sql')]) {
    say(`\n# ${path.relative(project, file)}`)
    say(fs.readFileSync(file, 'utf8').trimEnd().replace(/^/gm, '  '))
  }
}

function chapter(title: string): void {
  say(`\n${title}\n${'-'.repeat(title.length)}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
