import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { advice, type NextAction, otherCommand, type Place, redact } from '../kernel/index.ts'

/** An error that code of the project threw, or that prevented it from being loaded. */
export interface CodeError {
  /** Its message, as a sentence. */
  readonly reason: string
  /** The line that threw it, in a file that does not belong to a package. */
  readonly place?: Place
  /** How to fix a missing module. */
  readonly next?: NextAction
}

/** Describes what code of the project threw, where, and which package is missing. */
export function describeCodeError(error: unknown): CodeError {
  const text = error instanceof Error ? error.message : String(error)
  const [line = ''] = text.split('\n')
  const shown = redact(line.replaceAll(/file:\/\/\S*\//g, '')).trim()
  const place = error instanceof Error ? placeOf(error.stack ?? '') : undefined
  const next = missingModule(error, line)
  return {
    reason: /[.!?]$/.test(shown) ? shown : `${shown || 'It threw a value without a message'}.`,
    ...(place ? { place } : {}),
    ...(next ? { next } : {}),
  }
}

/** `at name (file:///a/b.ts:3:7)`, `at file:///a/b.ts:3:7`, and the head of a syntax error: `/a/b.ts:3`. */
const FRAME = /(file:\/\/\/[^\s():]+|(?<=[\s(]|^)\/[^\s():]+):(\d+)(?::\d+)?\)?$/

function placeOf(stack: string): Place | undefined {
  for (const line of stack.split('\n')) {
    const [, found, number] = FRAME.exec(line) ?? []
    if (found === undefined || number === undefined) continue
    const file = sourceFile(found.startsWith('file:') ? fileURLToPath(found) : found)
    if (file !== undefined && !file.includes('/node_modules/'))
      return { file, line: Number(number) }
  }
  return undefined
}

/**
 * The file on disk: a file that was loaded again has a name with a number. Frames of Slipway itself are
 * skipped.
 */
function sourceFile(name: string): string | undefined {
  if (name.startsWith(OWN)) return undefined
  return [name, name.replace(/\.\d+$/, '')].find((file) => existsSync(file))
}

/** The folder of Slipway's own code: its bundle, or its sources. */
const OWN = fileURLToPath(
  new URL(/\/src\/project\//.test(import.meta.url) ? '..' : '.', import.meta.url),
)

function missingModule(error: unknown, message: string): NextAction | undefined {
  const { code } = Object(error) as { readonly code?: unknown }
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined
  const [, name = ''] = /^Cannot find (?:package|module) '([^']+)'/.exec(message) ?? []
  const isFile = /^(?:\.|\/|file:|[A-Za-z]:)/.test(name) || name === ''
  if (isFile) return advice('Correct the path of the file that is imported.')
  const [, installed = name] = /^((?:@[^/]+\/)?[^/]+)/.exec(name) ?? []
  return otherCommand(`npm install ${installed}`, `install the package ${installed}`)
}
