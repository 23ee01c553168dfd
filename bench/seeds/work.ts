import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Carriers, and two contacts for each. */
const SCHEMA = `CREATE TABLE "carriers" ("id" serial PRIMARY KEY, "mc_number" varchar(20) NOT NULL UNIQUE, "name" varchar(255) NOT NULL,
  "home_state" char(2), "power_units" integer, "created_at" timestamptz NOT NULL DEFAULT now());
CREATE TABLE "contacts" ("id" serial PRIMARY KEY, "carrier_id" integer NOT NULL REFERENCES "carriers" ("id"), "email" text NOT NULL UNIQUE,
  "full_name" varchar(120) NOT NULL, "is_primary" boolean NOT NULL DEFAULT false);
`

const PARTS = { carriers: 'mc_number', contacts: 'email' } as const
export type Part = keyof typeof PARTS

/** The columns of each table, in their order. */
export const COLUMNS: Readonly<Record<Part, readonly string[]>> = {
  carriers: ['id', 'mc_number', 'name', 'home_state', 'power_units'],
  contacts: ['id', 'carrier_id', 'email', 'full_name', 'is_primary'],
}

/** Writes the same rows as CSV files; done once and not timed. */
export async function writeCsv(folder: string, rows: number): Promise<Record<Part, string>> {
  const files = {
    carriers: path.join(folder, 'carriers.csv'),
    contacts: path.join(folder, 'contacts.csv'),
  }
  await pipeline(Readable.from(carrierLines(rows)), createWriteStream(files.carriers))
  await pipeline(Readable.from(contactLines(rows)), createWriteStream(files.contacts))
  return files
}

function* carrierLines(rows: number): Generator<string> {
  for (let n = 1; n <= rows; n++) yield `${n},${n + 99_000_000},Carrier ${n} Inc.,OH,${n % 200}\n`
}

function* contactLines(rows: number): Generator<string> {
  for (let n = 1; n <= rows; n++) {
    for (let of = 0; of < 2; of++) {
      const id = n * 2 - 1 + of
      yield `${id},${n},person${id}@carrier.example,Person ${id},${of === 0 ? 't' : 'f'}\n`
    }
  }
}

/** Writes a project with the schema as its history, and a seed set whose generator yields the rows. */
export function writeSeedProject(folder: string, rows: number, parts: readonly Part[]): string {
  const prisma = path.join(folder, `project-${parts.join('-')}`, 'prisma')
  const migration = path.join(prisma, 'migrations', '1_init')
  mkdirSync(migration, { recursive: true })
  mkdirSync(path.join(prisma, 'seeds'), { recursive: true })
  writeFileSync(
    path.join(prisma, 'schema.prisma'),
    'datasource db {\n  provider = "postgresql"\n}\n',
  )
  writeFileSync(path.join(migration, 'migration.sql'), SCHEMA)
  const tables = parts.map((part) => `    ${part}: { key: ['${PARTS[part]}'], rows: ${part} },`)
  writeFileSync(
    path.join(prisma, 'seeds', 'fleet.ts'),
    `import { defineSeed } from 'slipway'

function* carriers() {
  for (let n = 1; n <= ${rows}; n++)
    yield { id: n, mc_number: String(n + 99000000), name: 'Carrier ' + n + ' Inc.', home_state: 'OH', power_units: n % 200 }
}

function* contacts() {
  for (let n = 1; n <= ${rows}; n++)
    for (let of = 0; of < 2; of++) {
      const id = n * 2 - 1 + of
      yield { id, carrier_id: n, email: 'person' + id + '@carrier.example', full_name: 'Person ' + id, is_primary: of === 0 }
    }
}

export default defineSeed({
  version: 1,
  environments: ['development'],
  tables: {
${tables.join('\n')}
  },
})
`,
  )
  return path.dirname(prisma)
}
