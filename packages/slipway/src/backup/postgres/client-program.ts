import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { type PostgresLocation, programFolders } from '../../database/index.ts'
import { advice, redact } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** A PostgreSQL client program. */
export type ClientProgramName = 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql'

export interface ClientProgram {
  readonly file: string
  /** As the program reports it: `15.18`. */
  readonly version: string
  readonly major: number
}

/**
 * The oldest installed program that is not older than the server, because newer ones send settings that older
 * servers reject. Fails with BACKUP.PROGRAM_MISSING or BACKUP.PROGRAM_TOO_OLD.
 */
export async function findProgram(
  name: ClientProgramName,
  serverMajor: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientProgram> {
  const files = programFolders(env)
    .map((folder) => path.join(folder, name))
    .filter((file) => existsSync(file))
  const found = (await Promise.all(files.map(versionOf)))
    .flatMap((one) => one ?? [])
    .toSorted((a, b) => a.major - b.major)
  const fitting = found.find(({ major }) => major >= serverMajor)
  if (fitting) return fitting
  const nextActions = installing(serverMajor)
  const newest = found.at(-1)
  if (newest === undefined) {
    return raise('BACKUP.PROGRAM_MISSING', {
      message: `${name} is not installed on this machine.`,
      why: 'It comes with the PostgreSQL client programs.',
      nextActions,
    })
  }
  return raise('BACKUP.PROGRAM_TOO_OLD', {
    message: `${name} ${newest.version} is too old for a PostgreSQL ${serverMajor} server.`,
    why: 'PostgreSQL does not support programs that are older than the server.',
    nextActions,
  })
}

async function versionOf(file: string): Promise<ClientProgram | undefined> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 10_000 })
    const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? []
    return version && major ? { file, version, major: Number(major) } : undefined
  } catch {
    return undefined
  }
}

function installing(major: number) {
  switch (process.platform) {
    case 'darwin':
      return [advice(`Install it: \`brew install postgresql@${major}\`.`)]
    case 'win32':
      return [advice(`Install the command line tools of PostgreSQL ${major} from postgresql.org.`)]
    default:
      return [
        advice(`On Debian and Ubuntu: \`apt-get install postgresql-client-${major}\`.`),
        advice(
          `If that package does not exist, add the repository of apt.postgresql.org first. On Red Hat: \`dnf install postgresql${major}\`. On Alpine: \`apk add postgresql${major}-client\`.`,
        ),
      ]
  }
}

/** A running client program. */
export interface RunningProgram {
  readonly child: ChildProcess
  /** Waits until it exits. Calls `refuse` with the reason if it failed. */
  ended(refuse: (why: string) => never): Promise<void>
}

/**
 * Starts a program on a database. The password is passed in the environment, never in the arguments.
 * Variables of this process that name another server are not passed. The program is stopped by `signal`.
 */
export function startProgram(
  program: Pick<ClientProgram, 'file'>,
  args: readonly string[],
  {
    location,
    signal,
    stdio,
  }: {
    readonly location: PostgresLocation
    readonly signal: AbortSignal
    readonly stdio: readonly ['ignore' | 'pipe' | number, 'ignore' | 'pipe']
  },
): RunningProgram {
  const child = spawn(program.file, args, {
    env: environmentOf(location),
    stdio: [...stdio, 'pipe'],
    signal,
  })
  let messages = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // A program with endless messages must not fill the memory.
    messages = (messages + text).slice(-MOST_MESSAGES)
  })
  const end = Promise.withResolvers<string | undefined>()
  child.once('error', (error) => end.resolve(error.message))
  child.once('close', (code, killedBy) => {
    end.resolve(code === 0 ? undefined : whyOf(messages, { code, killedBy }))
  })
  return {
    child,
    async ended(refuse) {
      const why = await end.promise
      signal.throwIfAborted()
      if (why !== undefined) refuse(why)
    },
  }
}

const MOST_MESSAGES = 16_384

function environmentOf(location: PostgresLocation): Record<string, string> {
  const { host, port, user, password, database, tls, caFile, connectTimeoutMs } = location
  const sslMode = tls === 'verify' ? 'verify-full' : tls
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslMode,
    PGAPPNAME: 'slipway backup',
    PGCONNECT_TIMEOUT: String(Math.ceil((connectTimeoutMs ?? 10_000) / 1000)),
    ...(caFile === undefined ? {} : { PGSSLROOTCERT: caFile }),
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    // If the connection string has no password, the password file is used as usual.
    ...(password === undefined && process.env['PGPASSFILE'] !== undefined
      ? { PGPASSFILE: process.env['PGPASSFILE'] }
      : {}),
    ...(process.env['HOME'] === undefined ? {} : { HOME: process.env['HOME'] }),
  }
}

/** The first error that it reported, without the row content that further lines can quote. */
function whyOf(
  messages: string,
  { code, killedBy }: { readonly code: number | null; readonly killedBy: string | null },
): string {
  if (killedBy !== null) return `It was ended by ${killedBy}.`
  const [first] = messages.split('\n').filter((line) => /error|fatal/i.test(line))
  if (first === undefined) return `It ended with exit code ${code}.`
  const text = redact(first.replace(/^\S+: (?:error: )?/, '')).replace(/\.$/, '')
  return `${text}.`
}
