import { readFileSync } from 'node:fs'
import { advice, ConnectionString } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { SchemaFile } from './schema-file.ts'

const COMMANDS = ['can-connect-to-database', 'create-database', 'drop-database'] as const

/** The command line with which the Prisma CLI starts the program. */
export interface ProgramArguments {
  readonly command: 'serve' | 'version' | (typeof COMMANDS)[number]
  readonly datamodels: readonly string[]
  /** JSON of Prisma 7's datasource, or the connection string that Prisma 6 passes. */
  readonly datasource: string | undefined
}

/** The database to work on. An absent URL is a failure only for requests that need it. */
export interface Datasource {
  readonly files: readonly SchemaFile[]
  readonly url: ConnectionString | undefined
}

/** Reads the native engine's command line. Ignores options that concern other databases. */
export function parseArguments(argv: readonly string[]): ProgramArguments {
  const datamodels: string[] = []
  let datasource: string | undefined
  let command: ProgramArguments['command'] = 'serve'
  for (const [index, argument] of argv.entries()) {
    const value = argv[index + 1]
    const known = COMMANDS.find((name) => name === argument)
    if (known) command = known
    else if (argument === '--version') command = 'version'
    else if (argument === '--datasource') datasource = value
    else if ((argument === '--datamodels' || argument === '-d') && value) datamodels.push(value)
  }
  return { command, datamodels, datasource }
}

/** Finds the URL: Prisma 7 passes it on the command line, Prisma 6 leaves it in the schema. */
export function resolveDatasource(
  { datamodels, datasource }: ProgramArguments,
  env: Readonly<Record<string, string | undefined>>,
): Datasource {
  const files = datamodels.map((path) => ({ path, content: readFileSync(path, 'utf8') }))
  const given = datasource === undefined ? {} : parseDatasource(datasource)
  const own = datasourceOfSchema(files, env)
  const url = given.url ?? own.url
  return { files, url: url ? new ConnectionString(url) : undefined }
}

/** The URL in the datasource block of schema files; migrations use `directUrl` if there is one. */
export function datasourceOfSchema(
  files: readonly SchemaFile[],
  env: Readonly<Record<string, string | undefined>>,
): GivenDatasource {
  const block = files
    .map(({ content }) => /^[ \t]*datasource[ \t]+\w+[ \t]*\{([^}]*)\}/m.exec(content)?.[1])
    .find((body) => body !== undefined)
  const read = (property: string) => {
    const pattern = new RegExp(`^[ \\t]*${property}[ \\t]*=[ \\t]*(env\\()?[ \\t]*"([^"]*)"`, 'm')
    const [, fromEnv, text = ''] = pattern.exec(block ?? '') ?? []
    return (fromEnv ? env[text] : text) || undefined
  }
  const url = read('directUrl') ?? read('url')
  return url ? { url } : {}
}

interface GivenDatasource {
  readonly url?: string
}

/** Does not report the error of `JSON.parse`, which quotes the text and therefore the connection string. */
function parseDatasource(text: string): GivenDatasource {
  if (!text.startsWith('{')) return { url: text }
  const { ok, url } = urlIn(text)
  if (ok) return url === undefined ? {} : { url }
  return raise('ENGINE.DATASOURCE_INVALID', {
    message: 'The argument of --datasource is not a JSON object with a string as its url.',
    nextActions: [advice('Start the engine through the Prisma CLI, which writes the argument.')],
  })
}

function urlIn(text: string): { readonly ok: boolean; readonly url?: string } {
  try {
    const { url } = JSON.parse(text) as { readonly url?: unknown }
    if (url === undefined || url === null) return { ok: true }
    return typeof url === 'string' ? { ok: true, url } : { ok: false }
  } catch {
    return { ok: false }
  }
}
