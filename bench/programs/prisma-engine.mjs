import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

const IDENTITY = { provider: 'postgres', adapterName: 'bench' }
// The types that the engine's own queries return, as Prisma's `ColumnType` numbers them.
const TYPES = new Map([
  [16, 5],
  [20, 1],
  [21, 0],
  [23, 0],
  [1114, 10],
  [1184, 10],
])
const TEXT = 7
const readers = { getTypeParser: () => (text) => text }

function valueOf(oid, text) {
  if (text === null) return null
  if (oid === 16) return text === 't'
  if (oid === 21 || oid === 23) return Number(text)
  if (oid === 1114) return `${text.replace(' ', 'T')}Z`
  if (oid === 1184) return `${text.replace(' ', 'T')}:00`
  return text
}

async function outcome(work) {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    const { code = 'XX000', severity = 'ERROR', message } = error
    return { ok: false, error: { kind: 'postgres', code, severity, message } }
  }
}

function adapterOver(client) {
  return {
    ...IDENTITY,
    queryRaw: ({ sql, args }) =>
      outcome(async () => {
        const query = { text: sql, values: args, rowMode: 'array', types: readers }
        const { fields, rows } = await client.query(query)
        return {
          columnNames: fields.map(({ name }) => name),
          columnTypes: fields.map(({ dataTypeID }) => TYPES.get(dataTypeID) ?? TEXT),
          rows: rows.map((row) => row.map((text, i) => valueOf(fields[i].dataTypeID, text))),
        }
      }),
    executeRaw: ({ sql, args }) =>
      outcome(async () => (await client.query(sql, args.length ? args : undefined)).rowCount ?? 0),
    executeScript: (script) =>
      outcome(async () => {
        await client.query(script)
      }),
    getConnectionInfo: () => ({
      ok: true,
      value: { schemaName: 'public', supportsRelationJoins: true },
    }),
    dispose: () => outcome(async () => undefined),
  }
}

async function loadEngine() {
  const glue = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const code = readFileSync(fileURLToPath(new URL('schema_engine_bg.wasm', glue)))
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (text) => process.stderr.write(text) }
  const imports = { './schema_engine_bg.js': bindings }
  const { instance } = await WebAssembly.instantiate(code, imports)
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return bindings.SchemaEngine
}

function readMigrations(baseDir) {
  const folders = readdirSync(baseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
  const contentOf = (name) => readFileSync(path.join(baseDir, name, 'migration.sql'), 'utf8')
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: folders.map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: contentOf(name) } },
    })),
  }
}

const project = path.join(process.argv[2], 'prisma')
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
const [SchemaEngine] = await Promise.all([loadEngine(), client.connect()])
const connect = () => outcome(async () => adapterOver(client))
const factory = { ...IDENTITY, connect, connectToShadowDb: connect }
const datamodel = readFileSync(path.join(project, 'schema.prisma'), 'utf8')
const options = { datamodels: [['schema.prisma', datamodel]] }
const engine = await SchemaEngine.new(options, () => {}, factory)
await engine.applyMigrations({
  migrationsList: readMigrations(path.join(project, 'migrations')),
  filters: { externalTables: [], externalEnums: [] },
})
engine.free()
await client.end()
// The engine's timer for the advisory lock would keep the process for the rest of its ten seconds.
process.exit()
