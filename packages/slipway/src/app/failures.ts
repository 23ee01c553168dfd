import { type FailureSpecs, type Raise, createRaise, readErrorText } from '../kernel/index.ts'

/** Failures of a use case outside the module that does the work. */
export const appFailures = {
  'APP.CONSENT_NEEDED': { title: 'The action must be confirmed with the database name' },
  'APP.DECLINED': { title: 'You declined', exit: 3 },
  'APP.ACCEPT_UNKNOWN': { title: '`--accept` names an unknown finding' },
  'APP.CONFIG_EXISTS': { title: 'The project already has a Slipway configuration' },
  'APP.ARGUMENT_INVALID': { title: 'An argument of a method of the library is missing or wrong' },
  'APP.NOT_WRITABLE': { title: 'A file could not be written' },
  'APP.NOT_READABLE': { title: 'A file could not be read' },
  'APP.BACKUP_UNVERIFIED': { title: 'The backup that was made could not be verified' },
  'APP.NO_BACKUP_BEFORE': { title: 'No backup was made before the migration' },
  'APP.PASSPHRASE_MISSING': { title: 'The backup passphrase is not set' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof appFailures> = createRaise(appFailures)

/** Fails with APP.NOT_READABLE. `name` is the file as the user knows it. */
export function refuseUnreadable(name: string, cause: unknown): never {
  const why = readErrorText(cause)
  const message = `${name} could not be read.`
  return raise('APP.NOT_READABLE', { message, ...(why === undefined ? {} : { why }), cause })
}

/** Fails with APP.NOT_WRITABLE. */
export function refuseUnwritable(name: string, cause: unknown): never {
  const { code } = cause as { readonly code?: unknown }
  return raise('APP.NOT_WRITABLE', {
    message: `${name} could not be written.`,
    why: typeof code === 'string' ? `The system reports ${code}.` : 'The reason is not known.',
    cause,
  })
}
