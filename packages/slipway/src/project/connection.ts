import { ConnectionString, advice } from '../kernel/index.ts'
import { unsetVariable } from './configuration-module.ts'
import { raise } from './failures.ts'
import type { SchemaValue } from './schema-blocks.ts'
import type { Variables } from './variables.ts'

/** A connection string from a setting. */
export type Connection =
  | {
      readonly kind: 'set'
      readonly url: ConnectionString
      /** For people: the variable and its file, and the setting that names it. */
      readonly source: string
      readonly variable?: string
    }
  /** The setting names a variable that nothing sets. */
  | { readonly kind: 'unset'; readonly variable: string; readonly source: string }
  | { readonly kind: 'none' }

export const NO_CONNECTION: Connection = { kind: 'none' }

/** A connection string given as text, by a flag or a variable of the shell. */
export function givenConnection(text: string | undefined, source: string): Connection {
  return text === undefined || text === '' ? NO_CONNECTION : set(text, source)
}

/** The connection of `url = …` in a schema, as Prisma 5 and 6 read it. */
export function schemaConnection(
  value: SchemaValue | undefined,
  variables: Variables,
  place: string,
): Connection {
  if (value?.kind === 'env') return variableConnection(value.name, variables, place)
  return value?.kind === 'string' ? givenConnection(value.value, place) : NO_CONNECTION
}

/** The connection of `datasource.url` in a prisma.config: text, which most likely came from a variable. */
export function prismaConfigConnection(
  text: string | undefined,
  variables: Variables,
  place: string,
): Connection {
  if (text === undefined) return NO_CONNECTION
  const unset = unsetVariable(text)
  if (unset !== undefined) return { kind: 'unset', variable: unset, source: place }
  const [variable] = variables.namesOf(text)
  return variable === undefined ? set(text, place) : variableConnection(variable, variables, place)
}

/** The connection of an environment's `url` in slipway.config: `env:NAME`, or the text itself. */
export function environmentConnection(
  text: string | undefined,
  variables: Variables,
  place: string,
): Connection {
  if (!text?.startsWith('env:')) return givenConnection(text, place)
  return variableConnection(text.slice('env:'.length), variables, place)
}

function variableConnection(name: string, variables: Variables, place: string): Connection {
  const variable = variables.get(name)
  if (variable === undefined || variable.value === '')
    return { kind: 'unset', variable: name, source: place }
  refuseConflict(name, variables)
  const source = `${name} (${variable.source}), named by ${place}`
  return { kind: 'set', url: new ConnectionString(variable.value), source, variable: name }
}

/** Like Prisma, refuses to guess which of its two .env files is meant. */
function refuseConflict(name: string, variables: Variables): void {
  const conflict = variables.overridden.find(
    (other) => other.name === name && isPlainEnv(other.file) && isPlainEnv(other.by),
  )
  if (conflict === undefined) return
  raise('PROJECT.ENV_CONFLICT', {
    message: `${conflict.by} and ${conflict.file} contain different values for ${name}.`,
    why: 'Slipway does not guess which database you mean.',
    nextActions: [advice(`Remove ${name} from one of the two files, or set it in the shell.`)],
    where: { file: conflict.file },
  })
}

function isPlainEnv(file: string): boolean {
  return /(?:^|[/\\])\.env$/.test(file)
}

function set(text: string, source: string): Connection {
  return { kind: 'set', url: new ConnectionString(text), source }
}
