import { suggest } from '../kernel/index.ts'
import type { BackupRunOptions, BackupScheduleOptions } from './backup-schedule.ts'
import type {
  BackupChoice,
  BackupCreateOptions,
  BackupPruneOptions,
  BackupRestoreOptions,
  BackupVerifyOptions,
} from './backup.ts'
import type { BaselineOptions } from './baseline.ts'
import type { CheckOptions, LoadOptions } from './check.ts'
import type { ConsentOptions } from './context.ts'
import type { CreateOptions } from './create.ts'
import type { DeployOptions } from './deploy.ts'
import type { DevOptions } from './dev.ts'
import { raise } from './failures.ts'
import type { FixOptions } from './fix.ts'
import type { InitOptions } from './init.ts'
import type { InspectOptions } from './inspect.ts'
import type { PruneOptions } from './kept.ts'
import type { ProjectOptions } from './open-project.ts'
import type { PlanOptions } from './plan.ts'
import type { RepairOptions } from './repair.ts'
import type { ResetOptions } from './reset.ts'
import type { RollbackOptions } from './rollback.ts'
import type { RowOptions } from './seed-files.ts'
import type { SeedSyncOptions } from './seed-sync.ts'
import type { SeedRunOptions, SeedSetOptions } from './seed.ts'
import type { SquashOptions } from './squash.ts'

/** The type of a value, checked at run time for callers that do not use TypeScript. */
interface Kind {
  readonly text: string
  readonly accepts: (value: unknown) => boolean
  /** The types of the keys of an object. */
  readonly keys?: Readonly<Record<string, Kind>>
  readonly required?: true
}

type KeysOf<Options> = { readonly [Key in keyof Options]-?: Kind }

/** Whether a value is an object with keys: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const areTexts = (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const TEXT: Kind = { text: 'a string', accepts: (value) => typeof value === 'string' }
const TEXTS: Kind = { text: 'an array of strings', accepts: areTexts }
const SWITCH: Kind = { text: 'true or false', accepts: (value) => typeof value === 'boolean' }
const FUNCTION: Kind = { text: 'a function', accepts: (value) => typeof value === 'function' }
const COUNT: Kind = {
  text: 'an integer of at least 1',
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
}
const POSITIVE: Kind = {
  text: 'a number above 0',
  accepts: (value) => Number.isFinite(value) && Number(value) > 0,
}
const NOT_NEGATIVE: Kind = {
  text: 'a number of at least 0',
  accepts: (value) => Number.isFinite(value) && Number(value) >= 0,
}

function choice(...values: readonly string[]): Kind {
  return { text: values.join(', '), accepts: (value) => values.includes(value as string) }
}

function required(kind: Kind): Kind {
  return { ...kind, required: true }
}

function objectWith<Options>(keys: KeysOf<Options>): Kind {
  return { text: 'an object', accepts: isObject, keys }
}

const CONSENT: KeysOf<ConsentOptions> = { confirm: TEXT }
const BACKUP: KeysOf<BackupChoice> = { id: TEXT, identity: TEXT, jobs: COUNT }
const CREATE: KeysOf<CreateOptions> = {
  renames: TEXTS,
  noRename: SWITCH,
  empty: SWITCH,
  chooseRenames: FUNCTION,
}
const ROWS: KeysOf<RowOptions> = {
  tables: required(TEXTS),
  keys: {
    text: 'an object of arrays of strings',
    accepts: (value) => isObject(value) && Object.values(value).every(areTexts),
  },
  sensitive: TEXTS,
  omit: TEXTS,
  set: TEXT,
  as: choice('csv', 'ndjson', 'json'),
  dryRun: SWITCH,
}
const DECISION: Kind = objectWith<{
  kind: string
  migration?: string
  from?: number
  harmlessOnly?: boolean
}>({
  kind: required(
    choice('finish', 'undo', 'mark-applied', 'mark-rolled-back', 'accept-edit', 'keep-one-row'),
  ),
  migration: TEXT,
  from: COUNT,
  harmlessOnly: SWITCH,
})

/** An argument of a method: its name in messages, and its type. */
export type Argument = readonly [name: string, kind: Kind]

const options = <Options>(keys: KeysOf<Options>): Argument => ['options', objectWith(keys)]
const NAME: Argument = ['name', required(TEXT)]

/** The arguments of each method. */
export const ARGUMENTS = {
  none: [],
  adopt: [NAME, options(CONSENT)],
  baseline: [options<BaselineOptions>({ ...CONSENT, to: TEXT, accept: TEXTS })],
  writeBaseline: [NAME, options(CONSENT)],
  check: [
    options<CheckOptions>({
      migrations: TEXTS,
      all: SWITCH,
      static: SWITCH,
      load: objectWith<LoadOptions>({ rows: COUNT, factor: POSITIVE, deadlineMs: POSITIVE }),
      save: SWITCH,
      html: TEXT,
    }),
  ],
  create: [NAME, options(CREATE)],
  backupCreate: [
    options<BackupCreateOptions>({
      format: choice('custom', 'directory', 'plain'),
      jobs: COUNT,
      globals: SWITCH,
      excludeData: TEXTS,
      noChecksums: SWITCH,
    }),
  ],
  backupPrune: [options<BackupPruneOptions>({ write: SWITCH })],
  backupRestore: [
    options<BackupRestoreOptions>({
      ...CONSENT,
      ...BACKUP,
      tables: TEXTS,
      dataOnly: SWITCH,
      noOwner: SWITCH,
      dropOld: SWITCH,
    }),
  ],
  backupRun: [
    [
      'options',
      required(
        objectWith<BackupRunOptions>({
          every: required(TEXT),
          verify: SWITCH,
          identity: TEXT,
          healthFile: TEXT,
          port: COUNT,
        }),
      ),
    ],
  ],
  backupSchedule: [
    [
      'options',
      required(
        objectWith<BackupScheduleOptions>({
          every: required(TEXT),
          scheduler: required(choice('cron', 'systemd', 'kubernetes', 'github')),
          image: TEXT,
        }),
      ),
    ],
  ],
  backupVerify: [options<BackupVerifyOptions>({ ...BACKUP, quick: SWITCH, server: TEXT })],
  deploy: [
    options<DeployOptions>({
      ...CONSENT,
      accept: TEXTS,
      plan: TEXT,
      noKeep: SWITCH,
      identity: TEXT,
    }),
  ],
  dev: [
    options<DevOptions>({
      ...CONSENT,
      ...CREATE,
      name: TEXT,
      chooseName: FUNCTION,
      noSeed: SWITCH,
    }),
  ],
  fix: [options<FixOptions>({ migrations: TEXTS, all: SWITCH, write: SWITCH })],
  init: [options<InitOptions>({ environments: TEXTS, gitignore: SWITCH, scripts: SWITCH })],
  inspect: [options<InspectOptions>({ try: SWITCH, deadlineMs: POSITIVE })],
  plan: [options<PlanOptions>({ out: TEXT })],
  prune: [options<PruneOptions>({ ...CONSENT, olderThanMs: NOT_NEGATIVE, all: SWITCH })],
  repair: [options<RepairOptions>({ ...CONSENT, decision: DECISION, accept: TEXTS })],
  reset: [options<ResetOptions>({ ...CONSENT, noSeed: SWITCH })],
  restore: [['id', required(COUNT)], options(CONSENT)],
  rollback: [
    options<RollbackOptions>({
      ...CONSENT,
      steps: COUNT,
      to: TEXT,
      fill: TEXTS,
      accept: TEXTS,
      fromBackup: SWITCH,
      fromBookmark: SWITCH,
      identity: TEXT,
    }),
  ],
  seedExport: [['options', required(objectWith(ROWS))]],
  seedRun: [options<SeedRunOptions>({ ...CONSENT, sets: TEXTS, dryRun: SWITCH })],
  seedSync: [
    [
      'options',
      required(
        objectWith<SeedSyncOptions>({
          ...CONSENT,
          ...ROWS,
          from: required(TEXT),
          to: TEXT,
          delete: SWITCH,
          write: SWITCH,
        }),
      ),
    ],
  ],
  seedVerify: [options<SeedSetOptions>({ sets: TEXTS })],
  squash: [
    options<SquashOptions>({ name: TEXT, from: TEXT, to: TEXT, write: SWITCH, accept: TEXTS }),
  ],
} as const satisfies Readonly<Record<string, readonly Argument[]>>

/** The argument of `openProject`. */
export const PROJECT: Argument = options<ProjectOptions>({
  cwd: TEXT,
  environment: TEXT,
  url: TEXT,
  location: choice('local', 'remote'),
  config: TEXT,
  schema: TEXT,
  env: { text: 'an object', accepts: isObject },
  onEvent: FUNCTION,
  signal: { text: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal },
  askConsent: FUNCTION,
  now: FUNCTION,
})

/** Fails with APP.ARGUMENT_INVALID if two options of `openProject` name different databases. */
export function refuseContradiction({ url, location }: ProjectOptions): void {
  if (url === undefined || location === undefined) return
  refuse('options sets both url and location.', 'Each of them selects a database; use one.')
}

/** Fails with APP.ARGUMENT_INVALID if an argument is missing, has another type, or has an unknown key. */
export function refuseArguments(expected: readonly Argument[], given: readonly unknown[]): void {
  for (const [index, [name, kind]] of expected.entries()) refuseValue(name, kind, given[index])
}

function refuseValue(name: string, kind: Kind, value: unknown): void {
  if (value === undefined) {
    if (kind.required) refuse(`${name} is missing.`, `It is ${kind.text}.`)
    return
  }
  if (!kind.accepts(value)) refuse(`${name} is ${typeText(value)}.`, `It must be ${kind.text}.`)
  if (!kind.keys || !isObject(value)) return
  const known = Object.keys(kind.keys)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    const meant = suggest(unknown, known)
    const why = meant === undefined ? `It accepts ${known.join(', ')}.` : `Did you mean ${meant}?`
    refuse(`${name} has no key ${unknown}.`, why)
  }
  for (const [key, of] of Object.entries(kind.keys)) refuseValue(`${name}.${key}`, of, value[key])
}

/** Names the type of a value, never the value itself: it may be a connection string. */
function typeText(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array of other values'
  return typeof value === 'number' ? `the number ${value}` : `another ${typeof value}`
}

function refuse(message: string, why: string): never {
  raise('APP.ARGUMENT_INVALID', { message: `The argument ${message}`, why })
}
