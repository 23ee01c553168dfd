import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { advice } from '../kernel/index.ts'
import { bytesOf, filterProgram, type ByteSource, throughProgram } from './byte-source.ts'
import { raise } from './failures.ts'

/** The encryption of a backup: for age recipients, or with a passphrase. */
export type Encryption =
  | { readonly kind: 'recipients'; readonly recipients: readonly string[] }
  | { readonly kind: 'passphrase'; readonly passphrase: string }

/** The keys to encrypted backups: age identities (`AGE-SECRET-KEY-1…`) and passphrases. */
export interface Keys {
  readonly identities: readonly string[]
  readonly passphrases: readonly string[]
}

/**
 * Encrypts a flow in age's format, so that the standard program can decrypt it. If the program `age` is
 * installed, it does the encryption for recipients, in a fraction of the time. Fails with BACKUP.KEY_INVALID.
 */
export async function encrypted(
  flow: ByteSource,
  { encryption, env, signal, refuse }: Encrypting,
): Promise<ByteSource> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  if (encryption.kind === 'passphrase') {
    encrypter.setPassphrase(encryption.passphrase)
  } else {
    for (const one of encryption.recipients)
      checked('recipient', one, () => encrypter.addRecipient(one))
    const args = encryption.recipients.flatMap((one) => ['-r', one])
    const program = flow.stream instanceof Socket ? filterProgram('age', args, env) : undefined
    if (program) return throughProgram(flow, program, { signal, refuse })
  }
  const body = Readable.from(bytesOf(flow), { objectMode: false })
  return {
    stream: fromWeb(await encrypter.encrypt(toWeb(body)), body),
    checkEnded: () => flow.checkEnded(),
  }
}

interface Encrypting {
  readonly encryption: Encryption
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly refuse: (why: string) => never
}

/**
 * Decrypts a stream. Fails with BACKUP.KEY_NEEDED, BACKUP.KEY_WRONG or BACKUP.KEY_INVALID before the first
 * byte.
 */
export async function decrypted(body: Readable, keys: Keys): Promise<Readable> {
  const { Decrypter } = await import('age-encryption')
  if (keys.identities.length + keys.passphrases.length === 0) {
    raise('BACKUP.KEY_NEEDED', {
      message: 'The backup is encrypted, and neither a key nor a passphrase was given.',
      nextActions: [
        advice('Name the file of an age key with `--identity`, or set SLIPWAY_BACKUP_IDENTITY.'),
        advice('For a backup with a passphrase, set SLIPWAY_BACKUP_PASSPHRASE.'),
      ],
    })
  }
  const decrypter = new Decrypter()
  for (const one of keys.identities) checked('key', one, () => decrypter.addIdentity(one))
  for (const one of keys.passphrases) decrypter.addPassphrase(one)
  try {
    return fromWeb(await decrypter.decrypt(toWeb(body)), body)
  } catch (cause) {
    body.destroy()
    return raise('BACKUP.KEY_WRONG', {
      message: 'No given key or passphrase opens the backup.',
      nextActions: [advice('Use the key of one of its recipients, or its passphrase.')],
      cause,
    })
  }
}

/** Adds a recipient or key. Errors quote no part of a key. */
function checked(what: 'recipient' | 'key', text: string, add: () => void): void {
  try {
    add()
  } catch {
    const shown = what === 'recipient' ? ` ${text.slice(0, 12)}…` : ''
    raise('BACKUP.KEY_INVALID', {
      message: `The ${what}${shown} is not a valid age ${what}.`,
      why:
        what === 'recipient'
          ? 'A recipient begins with age1.'
          : 'A key begins with AGE-SECRET-KEY-1.',
      nextActions: [
        advice('Generate a key with `age-keygen -o key.txt`: the file names its recipient.'),
      ],
    })
  }
}

function toWeb(body: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(body) as ReadableStream<Uint8Array>
}

/** Converts a web stream to a Node.js stream, and passes errors of the source on to its reader. */
function fromWeb(stream: ReadableStream<Uint8Array>, source: Readable): Readable {
  const readable = Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0])
  source.on('error', (error) => readable.destroy(error))
  return readable
}
