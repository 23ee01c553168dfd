import { invariant } from '../kernel/index.ts'
import type { FlagSpec } from './command.ts'

/** The formats of a report. */
export const FORMATS = ['human', 'json', 'markdown', 'github', 'sarif'] as const
export type Format = (typeof FORMATS)[number]

/** Flags of every command. */
export const GLOBAL_FLAGS = {
  env: { kind: 'text', value: '<name>', summary: 'an environment from slipway.config.ts' },
  url: {
    kind: 'text',
    value: '<string>',
    connection: true,
    summary: 'connection string of the target',
  },
  local: {
    kind: 'switch',
    conflicts: ['remote', 'url'],
    summary: "the D1 database in wrangler's state on this machine",
  },
  remote: { kind: 'switch', conflicts: ['url'], summary: 'the D1 database on Cloudflare' },
  cwd: {
    kind: 'text',
    value: '<dir>',
    completes: 'folder',
    summary: 'run in this folder; other paths are relative to it',
  },
  config: {
    kind: 'text',
    value: '<file>',
    completes: 'file',
    summary: 'the slipway.config.ts to use, relative to --cwd',
  },
  schema: {
    kind: 'text',
    value: '<path>',
    completes: 'file',
    summary: 'Prisma schema file or folder, relative to --cwd',
  },
  format: {
    kind: 'choice',
    value: '<format>',
    choices: FORMATS,
    summary: `format of the report: ${FORMATS.join(', ')}`,
  },
  json: { kind: 'switch', summary: 'short for --format json' },
  confirm: {
    kind: 'text',
    value: '<database>',
    summary: 'confirm changes to the database with this name',
  },
  yes: {
    kind: 'switch',
    short: 'y',
    summary: 'answer yes to all prompts except those that destroy data',
  },
  'no-interactive': { kind: 'switch', summary: 'never prompt; fail and name the missing flag' },
  verbose: {
    kind: 'switch',
    conflicts: ['quiet'],
    summary: 'print more detail; with --json, print events to stderr',
  },
  quiet: { kind: 'switch', summary: 'hide progress output' },
  help: { kind: 'switch', short: 'h', summary: 'show help for the command' },
  version: { kind: 'switch', short: 'V', summary: 'print the version of Slipway' },
} as const satisfies Readonly<Record<string, FlagSpec>>

/** The value of a flag, with the type of its kind; a switch is `true` or absent. */
export type FlagValue = true | string | number | readonly string[]

/** The flags of one call. Asking for a flag that the command does not declare is a bug. */
export interface Flags {
  on(name: string): boolean
  text(name: string): string | undefined
  number(name: string): number | undefined
  list(name: string): readonly string[]
}

/** Typed access to parsed values, checked against the specs. */
export function flagsFrom(
  specs: Readonly<Record<string, FlagSpec>>,
  values: ReadonlyMap<string, FlagValue>,
): Flags {
  const get = (name: string, ...kinds: FlagSpec['kind'][]): FlagValue | undefined => {
    const spec = specs[name]
    invariant(spec && kinds.includes(spec.kind), `flag --${name} read as ${kinds.join(' or ')}`)
    return values.get(name)
  }
  return {
    on: (name) => get(name, 'switch') === true,
    text: (name) => get(name, 'text', 'choice') as string | undefined,
    number: (name) => get(name, 'number') as number | undefined,
    list: (name) => (get(name, 'list') as readonly string[] | undefined) ?? [],
  }
}
