import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type * as Bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

/** The class of the engine, bound to its compiled module. */
export type EngineClass = typeof Bindings.SchemaEngine

/** The part of the standard that is used here; TypeScript declares it only with the browser types. */
declare const WebAssembly: {
  instantiate(
    code: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}

let panicked: ((reason: Panic) => void) | undefined
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
 * Runs a call of the engine. Throws a `Panic` if it crashes, and immediately after a crash: a panic
 * leaves the promise of its call pending forever, so a separate listener reports it.
 */
export async function unlessPanic<T>(method: () => Promise<T>): Promise<T> {
  if (crashed) throw crashed as unknown
  const panic = new Promise<never>((_, reject) => {
    panicked = reject
  })
  try {
    return await Promise.race([method(), panic])
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') throw crash() as unknown
    throw error
  }
}

/** Whether the engine has crashed in this process. */
export function hasPanicked(): boolean {
  return crashed !== undefined
}

function crash(): Panic {
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
          panicked?.(crash())
        }
      })
      return undefined
    }
  }
  return imports
}
