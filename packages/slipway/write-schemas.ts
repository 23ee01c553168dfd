import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createGenerator, type Schema } from 'ts-json-schema-generator'

/**
 * The JSON Schemas that the package publishes, made from the types that the code itself is checked with: they cannot say anything
 * else than the results have. Each by its file, with the types of which it takes any.
 */
export const SCHEMAS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'command-line': ['JsonDocument'],
  config: ['SlipwayConfig'],
  'plan-file': ['SavedPlan'],
  'seed-set': ['SeedSetFile'],
  proof: ['Proof'],
  'down-facts': ['DownFacts'],
  'backup-manifest': ['SealedManifest'],
  'backup-verification': ['SealedVerification'],
  init: ['InitResult'],
  doctor: ['DoctorResult'],
  inspect: ['InspectResult'],
  status: ['StatusResult'],
  drift: ['DriftResult', 'AdoptResult'],
  plan: ['PlanResult'],
  create: ['CreateResult'],
  dev: ['DevResult'],
  check: ['CheckResult'],
  fix: ['FixResult'],
  squash: ['SquashResult'],
  reset: ['ResetResult'],
  baseline: ['BaselineResult', 'AdoptResult'],
  deploy: ['DeployResult'],
  rollback: ['RollbackResult'],
  repair: ['RepairResult'],
  'backup-create': ['BackupCreateResult'],
  'backup-list': ['BackupListResult'],
  'backup-verify': ['BackupVerifyResult'],
  'backup-restore': ['BackupRestoreResult'],
  'backup-prune': ['BackupPruneResult'],
  'backup-run': ['BackupRunResult'],
  'backup-schedule': ['BackupScheduleResult'],
  'kept-list': ['KeptListResult'],
  'kept-restore': ['KeptListResult'],
  'kept-prune': ['KeptPruneResult'],
  'seed-run': ['SeedRunResult'],
  'seed-status': ['SeedStatusResult'],
  'seed-verify': ['SeedVerifyResult'],
  'seed-sync': ['SeedSyncResult'],
  'seed-export': ['SeedExportResult'],
}

/** Files whose types are made schemas of. */
const SOURCES =
  'src/{index,cli/render/json,deploy/plan-file,seeds/set,proof/prove,down/down-file,backup/manifest}.ts'

/**
 * The schemas by which Slipway checks what it reads, each in the folder of the module that reads it. They are in the repository,
 * so that the sources run without a build; a test compares them with the types.
 */
export const CHECKED: Readonly<Record<string, string>> = {
  config: 'src/project',
  'plan-file': 'src/deploy',
  'seed-set': 'src/seeds',
  proof: 'src/check',
  'down-facts': 'src/down',
  'backup-manifest': 'src/backup',
  'backup-verification': 'src/backup',
}

/** Files that people write: a key that is not known there is a mistake. Results may gain keys. */
const STRICT = ['config', 'seed-set']

/** Makes all schemas, or those of the named files. By file, without `.json`. */
export function makeSchemas(names = Object.keys(SCHEMAS)): ReadonlyMap<string, Schema> {
  const generators = [true, false].map((additionalProperties) =>
    createGenerator({
      path: path.join(import.meta.dirname, SOURCES),
      tsconfig: path.join(import.meta.dirname, '../../tsconfig.json'),
      type: '*',
      skipTypeCheck: true,
      topRef: false,
      encodeRefs: false,
      sortProps: false,
      additionalProperties,
    }),
  )
  return new Map(
    names.map((name) => {
      const generator = generators[STRICT.includes(name) ? 1 : 0]
      return [name, schemaOf(name, (type) => generator?.createSchema(type) ?? {})]
    }),
  )
}

function schemaOf(name: string, make: (type: string) => Schema): Schema {
  const types = SCHEMAS[name] ?? []
  const made = types.map(make)
  const [only] = made
  const title = `slipway ${name.replace('-', ' ')}`
  if (only && made.length === 1) return { title, ...only }
  const definitions = Object.assign({}, ...made.map((one) => one.definitions)) as NonNullable<
    Schema['definitions']
  >
  const anyOf = made.map(({ $schema: _schema, definitions: _definitions, ...one }) => one)
  return { title, $schema: 'http://json-schema.org/draft-07/schema#', anyOf, definitions }
}

/** Writes all schemas into a folder. */
export function writeSchemas(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, schema] of makeSchemas()) {
    writeFileSync(path.join(folder, `${name}.json`), schemaText(schema))
  }
}

/** The file of a schema that is read from the sources, and its text as its type gives it. */
export function checkedSchemas(): { readonly file: string; readonly text: string }[] {
  return [...makeSchemas(Object.keys(CHECKED))].map(([name, schema]) => ({
    file: path.join(import.meta.dirname, CHECKED[name] ?? '', `${name}.schema.json`),
    text: schemaText(schema),
  }))
}

function schemaText(schema: Schema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}

if (import.meta.main) {
  for (const { file, text } of checkedSchemas()) writeFileSync(file, text)
}
