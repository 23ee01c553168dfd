import type { MissingObject } from '../../kernel/index.ts'
import { firstQuoted, OF_EXTENSION_FILE } from './row-content.ts'

/** The parts of an error that show what is missing. */
interface ErrorFields {
  readonly code?: string | undefined
  /** The function in the server's source that sent it. */
  readonly routine?: string | undefined
  /** In any language, without row content. */
  readonly message: string
}

/**
 * The missing object that a statement names, by the fields of the error. Its name is the first quoted
 * word, in every message language.
 */
export function missingObject(said: ErrorFields): MissingObject | undefined {
  const kind = kindOf(said)
  const name = firstQuoted(said.message)
  if (kind === undefined || name === undefined || name.includes('…')) return undefined
  return { kind, name }
}

function kindOf({ code, routine = '' }: ErrorFields): MissingObject['kind'] | undefined {
  switch (code) {
    case '42704':
      return /role/i.test(routine) ? 'role' : undefined
    case '0A000':
    case '58P01':
      return OF_EXTENSION_FILE.test(routine) ? 'extension' : undefined
    case '3F000':
      return 'schema'
    case '42P01':
      return 'table'
    default:
      return undefined
  }
}
