import {
  advice,
  command,
  type FailureDetails,
  type NextAction,
  otherCommand,
} from '../../kernel/index.ts'
import type { DatabaseCode } from '../failures.ts'
import { quoteIdentifier } from './quote.ts'

/** The message of `pg` about a server without TLS. */
export const NO_TLS = /server does not support SSL/i

/** An error of the server or the network, safe to show. */
export interface SafeError {
  readonly code?: string | undefined
  readonly message: string
}

/** The server of the connection, and the user. */
export interface ServerContext {
  /** The name of the server in messages. */
  readonly where: string
  readonly user?: string | undefined
}

const SOURCE = command(['doctor'], 'see where the connection string comes from')
const STATUS = command(['status'], 'see the state of the database')
const RIGHTS = command(['doctor'], 'test all privileges that a deploy needs')

/** Describes an error for a person: what could not be done, why, and what to do next. */
export function describe(
  code: DatabaseCode,
  said: SafeError,
  { where, user }: ServerContext,
): FailureDetails {
  const message = sentence(said)
  switch (code) {
    case 'DATABASE.UNREACHABLE':
      return {
        message: `No PostgreSQL server answers at ${where}.`,
        why: NETWORK[said.code ?? ''] ?? message,
        nextActions: [SOURCE],
      }
    case 'DATABASE.AUTHENTICATION':
      return {
        message: `The server at ${where} refused the login${user === undefined ? '' : ` of ${user}`}.`,
        why:
          said.code === '28P01'
            ? 'The password is wrong, or there is no such role.'
            : "The role does not exist or may not log in, or the server's pg_hba.conf has no entry for it.",
        nextActions: [SOURCE],
      }
    case 'DATABASE.TLS':
      return NO_TLS.test(said.message)
        ? {
            message: `The server at ${where} offers no TLS, which the connection string requires.`,
            why: 'sslmode=require or stricter never connects without encryption.',
            nextActions: [
              advice('Enable TLS on the server, or remove sslmode from the connection string.'),
              SOURCE,
            ],
          }
        : {
            message: `The certificate of the server at ${where} was not accepted.`,
            why: message,
            nextActions: [
              advice('Set sslrootcert to the certificate of its certificate authority.'),
              SOURCE,
            ],
          }
    case 'DATABASE.NOT_FOUND':
      return {
        message,
        why: 'Slipway never creates a target: a mistyped name must not deploy into an empty database.',
        nextActions: [SOURCE],
      }
    case 'DATABASE.PERMISSION':
      return {
        message,
        ...(user === undefined
          ? {}
          : { why: `The role ${user} lacks a privilege that this action needs.` }),
        nextActions: [...grants(said.message, user), RIGHTS],
      }
    case 'DATABASE.READ_ONLY':
      return {
        message,
        why: 'The server is a standby, or the role, the database or the server has default_transaction_read_only = on.',
        nextActions: [SOURCE],
      }
    case 'DATABASE.CONNECTION_LOST':
      return {
        message: `The connection to ${where} was lost.`,
        why: message,
        nextActions: [STATUS],
      }
    case 'DATABASE.LOCK_LOST':
      return {
        message: 'This connection no longer holds the deploy lock.',
        why: 'A pooler moved it to another session of the server, or the lock was released. The statements that followed did not run.',
        nextActions: [
          advice(
            'If a pooler is in between, set the direct connection as directUrl, or pass it with --url.',
          ),
          STATUS,
        ],
      }
    case 'DATABASE.DISK_FULL':
      return {
        message: `The server at ${where} has no disk space left.`,
        why: 'The statement that found no free space was rolled back.',
        nextActions: [advice('Free space on the disk of the server.'), STATUS],
      }
    default:
      return { message }
  }
}

/** Descriptions of network errors, by their codes. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Nothing listens there: the server is down, or the host or the port is wrong (ECONNREFUSED).',
  ENOENT: 'The socket does not exist: the server is down, or the socket folder is wrong (ENOENT).',
  ENOTFOUND: 'There is no host with that name (ENOTFOUND).',
  EAI_AGAIN: 'The host name could not be resolved: check the network (EAI_AGAIN).',
  ETIMEDOUT: 'It did not answer in time: a firewall may block the connection (ETIMEDOUT).',
  EHOSTUNREACH: 'That host cannot be reached (EHOSTUNREACH).',
  ENETUNREACH: 'That network cannot be reached (ENETUNREACH).',
}

/** The privileges on each kind of object that migrations need. */
const RIGHTS_ON: Readonly<Record<string, string>> = {
  schema: 'USAGE, CREATE',
  table: 'ALL',
  sequence: 'ALL',
  database: 'CREATE',
  function: 'EXECUTE',
  type: 'USAGE',
}

/**
 * The GRANT that a refused statement needs, read from the server's English message. Empty for messages in
 * other languages.
 */
function grants(message: string, user: string | undefined): NextAction[] {
  const to = user === undefined ? 'the role' : quoteIdentifier(user)
  const [, kind = '', name = ''] = /^permission denied for (\w+) (\S+)$/.exec(message) ?? []
  const rights = RIGHTS_ON[kind]
  if (rights !== undefined) {
    const sql = `GRANT ${rights} ON ${kind.toUpperCase()} ${quoteIdentifier(name)} TO ${to};`
    return [otherCommand(sql, 'as its owner, in psql')]
  }
  if (!message.startsWith('must be owner of ')) return []
  return [
    advice(
      `Deploy as the role that owns it, or make ${to} a member of that role (GRANT owner TO ${to};).`,
    ),
  ]
}

function sentence({ code, message }: SafeError): string {
  const text = message || String(code)
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}
