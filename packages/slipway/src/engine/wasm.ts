import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type * as Bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

/** The class of the engine, bound to its compiled module. */
export type EngineClass = typeof Bindings.SchemaEngine

/** The part of the WebAssembly API that is used here; TypeScript declares it only with the browser types. */
declare const WebAssembly: {
  instantiate(
    code: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}

/** Rejects the calls that are running. */
const pendingCalls = new Set<(reason: Panic) => void>()
let loading: Promise<typeof Bindings> | undefined

/** The engine crashed: a bug in it, or an input that it considers impossible. */
export interface Panic {
  readonly panic: string
}

/** The first panic of this process. The module must not be called after it, not even to free memory. */
let crashed: Panic | undefined
let reason = 'unreachable'

/** Loads and compiles Prisma's schema engine, once per process (about 40 ms). */
export async function loadEngineClass(): Promise<EngineClass> {
  return (await load()).SchemaEngine
}

/** The commit of prisma-engines that the engine was built from. */
export async function engineVersion(): Promise<string> {
  return (await load()).version()
}

/**
 * Runs a call of the engine. Throws a `Panic` if it crashes, and refuses calls after a crash. A panic leaves
 * the promises of running calls pending forever, so a listener rejects them.
 */
export async function unlessPanic<T>(method: () => Promise<T>): Promise<T> {
  if (crashed) throw crashed as unknown
  const panic = Promise.withResolvers<never>()
  pendingCalls.add(panic.reject)
  try {
    return await Promise.race([method(), panic.promise])
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') throw recordCrash() as unknown
    throw error
  } finally {
    pendingCalls.delete(panic.reject)
  }
}

/** Whether the engine has crashed in this process. */
export function hasPanicked(): boolean {
  return crashed !== undefined
}

function recordCrash(): Panic {
  crashed ??= { panic: reason }
  return crashed
}

async function load(): Promise<typeof Bindings> {
  loading ??= compile()
  return await loading
}

async function compile(): Promise<typeof Bindings> {
  const glue = '@prisma/schema-engine-wasm/schema_engine_bg'
  const bindings = (await import(glue)) as typeof Bindings
  const file = new URL('schema_engine_bg.wasm', import.meta.resolve(glue))
  const code = await readFile(fileURLToPath(file))
  const imports = { './schema_engine_bg.js': withPanicsCaught({ ...bindings }) }
  const { instance } = await WebAssembly.instantiate(code, imports)
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports['__wbindgen_start'] as () => void)()
  return bindings
}

/**
 * Catches panics in the microtasks of the engine, where they would end the process as an uncaught
 * `RuntimeError: unreachable`. Before a panic, the engine passes the reason to a registry.
 */
function withPanicsCaught(imports: Record<string, unknown>): Record<string, unknown> {
  const registry = { set_message: (text: string) => (reason = text) }
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry })
  for (const name of Object.keys(imports).filter((key) => key.includes('queueMicrotask'))) {
    const original = imports[name] as (argument: unknown) => unknown
    imports[name] = (argument: unknown) => {
      // Two imports have this name: one looks up the function, the other calls it with a task.
      if (typeof argument !== 'function') return original(argument)
      queueMicrotask(() => {
        try {
          argument()
        } catch {
          for (const reject of pendingCalls) reject(recordCrash())
        }
      })
      return undefined
    }
  }
  return imports
}
