import { readFileSync } from 'node:fs'
import { createRequire, type LoadHookContext, registerHooks } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import {
  advice,
  failureOf,
  formatDuration,
  type FailureDetails,
  rethrow,
  withoutSignalHandlers,
} from '../kernel/index.ts'
import { describeCodeError } from './code-error.ts'
import { raise } from './failures.ts'

/** The export of a configuration file, and the environment after it ran. */
export interface ConfigurationModule {
  readonly exported: unknown
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface LoadOptions {
  readonly file: string
  /** The name of the file in messages. */
  readonly shown: string
  /** The content of `process.env` while the file runs. It is restored afterwards. */
  readonly environment: Readonly<Record<string, string>>
  /** Ends the wait for a file that uses top-level await. */
  readonly signal?: AbortSignal | undefined
  /** How long such a file may take, in ms; a minute if absent. */
  readonly timeoutMs?: number | undefined
  /** Raises the failure of a file that cannot be loaded; PROJECT.CONFIG_INVALID if absent. */
  readonly refuse?: (details: FailureDetails) => never
}

const LONGEST_LOAD_MS = 60_000
/** A timer with a longer time fires immediately. */
const LONGEST_TIMER_MS = 2_147_483_647

/** The value of an unset variable; Prisma's own `env('NAME')` throws instead. */
const UNSET = /slipway-unset:(\w+)/

/** The placeholder for a variable that is not set. */
export function unsetText(variable: string): string {
  return `slipway-unset:${variable}`
}

/**
 * The unset variable for which a configured text is the placeholder; undefined if it is not a
 * placeholder.
 */
export function unsetVariable(text: string): string | undefined {
  return UNSET.exec(text)?.[1]
}

const STAND_IN = 'slipway-stand-in:'
const PRISMA_CONFIG = `
  export const defineConfig = (config) => config
  export const env = (name) => process.env[name] || 'slipway-unset:' + name
  // A type, which configurations import without the keyword for it.
  export const PrismaConfig = undefined
`
/**
 * The content of modules that configuration files import, so that they work with and without
 * node_modules.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  'prisma/config': PRISMA_CONFIG,
  '@prisma/config': PRISMA_CONFIG,
  prisma: PRISMA_CONFIG,
  slipway:
    'export const defineConfig = (config) => config; export const defineRules = (rules) => rules; export const defineSeed = (seed) => seed',
  // The .env files are read before a configuration runs.
  'dotenv/config': '',
}
const RESOLVED_BY_JITI = ['.ts', '.mts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js']

let loads = 0
let lastTurn: Promise<unknown> = Promise.resolve()

/**
 * Runs work after the files that are still loading with top-level await, which use the environment of the
 * process.
 */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = lastTurn.then(work)
  lastTurn = turn.catch(() => {})
  return await turn
}

/**
 * Runs a configuration file (`.ts`, `.js`, `.mjs`, `.cjs` …) in this process, with Node's own type
 * stripping and with stand-ins for its imports from Prisma. Its output goes to stderr. Nothing else runs
 * in the meantime, unless the file uses top-level await; such files run one at a time. While a file runs
 * without waiting, a signal ends the process. Fails with PROJECT.CONFIG_INVALID, or with the failure of
 * `refuse`, if the file throws or waits too long.
 */
export async function loadConfigurationModule(options: LoadOptions): Promise<ConfigurationModule> {
  try {
    const leave = enter(options)
    let run: Run
    try {
      run = withoutSignalHandlers(() => runFile(options.file))
      if ('exported' in run && !(run.exported instanceof Promise)) return loaded(run.exported)
    } finally {
      leave()
    }
    return await inTurn(() => finish(options, run))
  } catch (error) {
    if (failureOf(error)) throw error
    return refuse(options, error)
  }
}

async function finish(options: LoadOptions, run: Run): Promise<ConfigurationModule> {
  const leave = enter(options)
  try {
    const loading = 'waits' in run ? runWaiting(run.waits) : Promise.resolve(run.exported)
    return loaded(await withinTime(loading, options))
  } finally {
    leave()
  }
}

/**
 * Waits for a file to load. The wait ends at a signal, at a time limit, or if nothing is left that could
 * end it.
 */
async function withinTime(loading: Promise<unknown>, options: LoadOptions): Promise<unknown> {
  const { signal, timeoutMs = LONGEST_LOAD_MS } = options
  const end = Promise.withResolvers<never>()
  const fail = (raiseIt: () => never) => {
    try {
      raiseIt()
    } catch (error) {
      end.reject(error)
    }
  }
  const onAbort = () => fail(() => refuseStopped(options))
  const onIdle = () =>
    fail(() => refuseHang(options, 'It waits for a promise that never resolves.'))
  const onTime = () =>
    fail(() =>
      refuseHang(options, `It did not finish loading within ${formatDuration(timeoutMs)}.`),
    )
  const timer = setTimeout(onTime, Math.min(timeoutMs, LONGEST_TIMER_MS))
  // Node.js emits `beforeExit` when nothing is left to do, which this timer must not prevent.
  timer.unref()
  process.once('beforeExit', onIdle)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  try {
    return await Promise.race([loading, end.promise])
  } finally {
    clearTimeout(timer)
    process.off('beforeExit', onIdle)
    signal?.removeEventListener('abort', onAbort)
  }
}

function refuseStopped({ shown, file, signal }: LoadOptions): never {
  const failure = failureOf(signal?.reason)
  if (failure === undefined) throw signal?.reason
  return rethrow({ ...failure, why: `${shown} was still loading.`, where: { file } })
}

function refuseHang(options: LoadOptions, why: string): never {
  const { shown } = options
  return refuseWith(options, {
    message: `${shown} does not finish loading.`,
    why,
    nextActions: [
      advice(`Correct the await at the top level of ${shown}, or of a module that it imports.`),
    ],
    where: { file: shown },
  })
}

function refuseWith({ refuse: own }: LoadOptions, details: FailureDetails): never {
  return own ? own(details) : raise('PROJECT.CONFIG_INVALID', details)
}

function loaded(exported: unknown): ConfigurationModule {
  return { exported: defaultOf(exported), environment: { ...process.env } }
}

/** Prepares the process for a running file; the returned function restores the previous state. */
function enter({ file, environment }: LoadOptions): () => void {
  const before = { ...process.env }
  const restoreOutput = divertStdout()
  replaceEnvironment(environment)
  const restoreGlobals = commonJsGlobals(file)
  return () => {
    restoreGlobals()
    replaceEnvironment(before)
    restoreOutput()
  }
}

/** The export of a file, or the entry of a file that uses top-level await. */
type Run = { readonly exported: unknown } | { readonly waits: Entry }

/**
 * Most TypeScript configurations contain no types at all, and loading Node's type stripper takes 30 ms.
 * So a file first runs as JavaScript, and only after a syntax error as TypeScript.
 */
function runFile(file: string): Run {
  const source = readFileSync(file, 'utf8')
  const typed = /\.[mc]?ts$/.test(file)
  // `f<T>(x)` is a call in TypeScript and two comparisons in JavaScript, so there is no syntax error.
  const ambiguous = /\w<[^<>=]*>\s*\(/.test(source)
  if (!typed || !ambiguous) {
    try {
      return runEntry({ file, source, format: formatOf(file, source) })
    } catch (error) {
      if (!typed || !(error instanceof SyntaxError)) throw error
    }
  }
  return runEntry({ file, source, format: `${formatOf(file, source)}-typescript` })
}

interface Entry {
  readonly file: string
  readonly source: string
  readonly format: string
}

function runEntry(entry: Entry): Run {
  const { name, hooks } = hookInto(entry)
  try {
    return { exported: createRequire(entry.file)(name) as unknown }
  } catch (error) {
    if (!hasCode(error, 'ERR_REQUIRE_ASYNC_MODULE')) throw error
    return { waits: entry }
  } finally {
    hooks.deregister()
  }
}

async function runWaiting(entry: Entry): Promise<unknown> {
  const { name, hooks } = hookInto(entry)
  try {
    return await import(name)
  } finally {
    hooks.deregister()
  }
}

/** Lets Node.js load an entry and its stand-ins, under a unique name, until `deregister`. */
function hookInto(entry: Entry) {
  // The environment may have changed since the file last ran, so it must run again. Node caches modules
  // by name, so each run uses a new name in the same folder.
  loads += 1
  const name = loads === 1 ? entry.file : `${entry.file}.${loads}`
  const url = pathToFileURL(name).href
  const standIns = new Map<string, string>()
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === name) return { url, shortCircuit: true }
      const source = Object.hasOwn(STAND_INS, specifier) ? STAND_INS[specifier] : undefined
      if (source === undefined) return resolveTolerantly(specifier, (tried) => next(tried, context))
      const standIn =
        specifier === 'slipway' ? installedUrl(() => next(specifier, context)) : undefined
      const found = standIn ?? STAND_IN + specifier
      standIns.set(found, source)
      return { url: found, format: 'module', shortCircuit: true }
    },
    load(asked, context, next) {
      if (asked === url) return { format: entry.format, source: entry.source, shortCircuit: true }
      const source = standIns.get(asked)
      if (source === undefined) return next(asked, withFormat(asked, context))
      return { format: 'module', source, shortCircuit: true }
    },
  })
  return { name, hooks }
}

/**
 * The URL of the project's package `slipway`, which its configuration may pass to `import.meta.resolve`.
 * Works even if the package is not built yet; undefined if it is not installed.
 */
function installedUrl(resolve: () => { url: string }): string | undefined {
  try {
    return resolve().url
  } catch (error) {
    const url = error instanceof Error && 'url' in error ? error.url : undefined
    return typeof url === 'string' ? url : undefined
  }
}

/**
 * Sets the format of a file. Otherwise Node.js would have to detect it, slowly and with a warning, if no
 * package.json declares it.
 */
function withFormat(url: string, context: LoadHookContext): LoadHookContext {
  if (context.format || !url.startsWith('file:')) return context
  const file = fileURLToPath(url)
  const format = formatOf(file, readFileSync(file, 'utf8'))
  return { ...context, format: /\.[mc]?ts$/.test(file) ? `${format}-typescript` : format }
}

/**
 * Prisma's loader (jiti) finds files without their extension; and Slipway's own dotenv is used if the
 * project has none.
 */
function resolveTolerantly<T>(specifier: string, next: (specifier: string) => T): T {
  try {
    return next(specifier)
  } catch (error) {
    if (specifier === 'dotenv') return next(import.meta.resolve('dotenv'))
    if (!specifier.startsWith('.')) throw error
    const bare = specifier.replace(/\.js$/, '')
    for (const ending of RESOLVED_BY_JITI) {
      try {
        return next(bare + ending)
      } catch {
        continue
      }
    }
    throw error
  }
}

function formatOf(file: string, source: string): 'module' | 'commonjs' {
  if (/\.m[jt]s$/.test(file)) return 'module'
  if (/\.c[jt]s$/.test(file)) return 'commonjs'
  return /^\s*(?:import|export)\b/m.test(source) ? 'module' : 'commonjs'
}

function defaultOf(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null) return exported
  return 'default' in exported || types.isModuleNamespaceObject(exported)
    ? Reflect.get(exported, 'default')
    : exported
}

/**
 * Prisma's loader gives ES modules `__dirname`, `__filename` and `require`, and configurations use them.
 */
function commonJsGlobals(file: string): () => void {
  const given = { __dirname: path.dirname(file), __filename: file, require: createRequire(file) }
  const before = Object.entries(given).map(([name, value]) => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name)
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    return { name, descriptor }
  })
  return () => {
    for (const { name, descriptor } of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor)
      else Reflect.deleteProperty(globalThis, name)
    }
  }
}

function replaceEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) {
    if (wanted[name] === undefined) Reflect.deleteProperty(process.env, name)
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined) process.env[name] = value
  }
}

/** stdout belongs to the result of the command. */
function divertStdout(): () => void {
  const { write } = process.stdout
  process.stdout.write = process.stderr.write.bind(process.stderr)
  return () => {
    process.stdout.write = write
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function refuse(options: LoadOptions, error: unknown): never {
  const { shown, file, refuse: own } = options
  const { reason, place, next } = describeCodeError(error)
  const where = place?.file === file ? { ...place, file: own ? file : shown } : place
  const correct = own
    ? `Correct ${shown}.`
    : `Correct ${shown}, or name a different file with --config.`
  return refuseWith(options, {
    message: `${shown} cannot be loaded.`,
    why: reason,
    nextActions: [next ?? advice(correct)],
    where: where ?? { file: own ? file : shown },
    cause: error,
  })
}
