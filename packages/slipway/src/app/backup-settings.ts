import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  type Encryption,
  folderStore,
  type Keys,
  type NotifyOptions,
  s3Store,
  type Store,
} from '../backup/index.ts'
import { advice } from '../kernel/index.ts'
import { raise, refuseUnreadable } from './failures.ts'
import type { Work } from './work.ts'

/** The default store, relative to the project. */
const BACKUP_FOLDER = 'prisma/backups'

const PASSPHRASE = 'SLIPWAY_BACKUP_PASSPHRASE'
const IDENTITY = 'SLIPWAY_BACKUP_IDENTITY'

type Settled = Pick<Work, 'project' | 'target'>

/** The store of an environment's backups. */
export async function storeOf({ project, target }: Settled): Promise<Store> {
  const { store = BACKUP_FOLDER } = target.policy.backup
  return typeof store === 'string'
    ? folderStore(path.resolve(project.root, store))
    : await s3Store(store)
}

/** The encryption of an environment's backups. Fails with APP.PASSPHRASE_MISSING. */
export function encryptionOf({ project, target }: Settled): Encryption | undefined {
  const { encryption } = target.policy.backup
  if (encryption === undefined) return undefined
  if (encryption !== 'passphrase') return { kind: 'recipients', ...encryption }
  const passphrase = project.variables.get(PASSPHRASE)?.value
  if (passphrase) return { kind: 'passphrase', passphrase }
  return raise('APP.PASSPHRASE_MISSING', {
    message: 'Backups must be encrypted with a passphrase, but none is set.',
    nextActions: [advice(`Set ${PASSPHRASE} in the shell.`)],
  })
}

/** The decryption keys: from the given file, otherwise from the variables. Fails with APP.NOT_READABLE. */
export function keysOf({ project }: Settled, cwd: string, identity: string | undefined): Keys {
  const passphrase = project.variables.get(PASSPHRASE)?.value
  const variable = project.variables.get(IDENTITY)?.value.trim() ?? ''
  // It contains a path, or the keys themselves, perhaps with the comments of their file.
  const isPath = variable !== '' && !/^\s*AGE-SECRET-KEY-/im.test(variable)
  const file = identity ?? (isPath ? variable : undefined)
  const text = file === undefined ? variable : readKeys(path.resolve(cwd, file), identity)
  return {
    identities: text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
    passphrases: passphrase ? [passphrase] : [],
  }
}

/** Without a path from a flag, a failure names only the variable: its value may be a mistyped key. */
function readKeys(file: string, flag: string | undefined): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    return refuseUnreadable(`The key file ${flag ?? `of ${IDENTITY}`}`, cause)
  }
}

/** The destinations of notifications; `env:NAME` reads a variable. */
export function notifyOf({ project, target }: Settled): NotifyOptions {
  const { webhook, webhookFormat: format, heartbeat } = target.policy.backup.notify ?? {}
  const read = (text: string | undefined) =>
    text?.startsWith('env:') ? project.variables.get(text.slice('env:'.length))?.value : text
  const [hook, beat] = [read(webhook), read(heartbeat)]
  return {
    ...(hook ? { webhook: { url: hook, ...(format ? { format } : {}) } } : {}),
    ...(beat ? { heartbeat: { url: beat } } : {}),
  }
}
