import { advice, command, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** The store that a failure names, without credentials: `s3://bucket/prefix at host:9000`. */
export interface S3Place {
  readonly shown: string
  readonly bucket: string
}

/**
 * An error of the SDK. It has `$metadata` if it is an HTTP response, or a `code` if the connection failed.
 */
interface SdkError {
  readonly name?: string
  readonly code?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const FULL = [
  'QuotaExceeded',
  'EntityTooLarge',
  'InsufficientStorage',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]

/**
 * Errors after which another attempt can succeed: incomplete data, throttling, or an upload that another
 * process ended.
 */
const BROKEN = [
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'NoSuchUpload',
  'RequestTimeout',
  'SlowDown',
  'TooManyRequests',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
]

/** Why a store refuses access, by its error code. */
const REFUSED: Readonly<Record<string, string>> = {
  AccessDenied: 'It denies access: these credentials lack a permission on the bucket.',
  InvalidAccessKeyId: 'It does not know the access key.',
  SignatureDoesNotMatch: 'The secret key does not belong to the access key.',
  ExpiredToken: 'The session of the credentials has expired.',
  InvalidToken: 'The session token is not valid.',
  CredentialsProviderError: 'No credentials were found, or their source does not answer.',
  RequestTimeTooSkewed: 'The clock of this machine differs too much from that of the store.',
  PermanentRedirect: 'The bucket is in another region.',
  AuthorizationHeaderMalformed: 'The bucket is in another region.',
  IllegalLocationConstraintException: 'The bucket is in another region.',
}

/**
 * Runs one request. Turns each error into a failure: BACKUP.STORE_UNAVAILABLE, STORE_REFUSED, STORE_FULL,
 * EXISTS, or DAMAGED if the object does not exist. The store's message is not repeated, because it can
 * contain an access key.
 */
export async function s3Request<T>(place: S3Place, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if (failureOf(error)) throw error
    return refuse(place, error as SdkError)
  }
}

function refuse({ shown, bucket }: S3Place, error: SdkError): never {
  const name = error.name ?? ''
  const status = error.$metadata?.httpStatusCode
  if (FULL.includes(name) || status === 507 || status === 413) {
    return raise('BACKUP.STORE_FULL', {
      message: `There is no space left for the backup in ${shown}.`,
      why: answered(error),
      nextActions: [
        advice('Raise the quota of the bucket, or remove old backups.'),
        command(['backup', 'prune'], 'see which backups can be removed'),
      ],
    })
  }
  if (status === 412 || name === 'ConditionalRequestConflict') {
    return raise('BACKUP.EXISTS', {
      message: `Another backup in ${shown} has this name.`,
      why: 'A backup is never replaced.',
      nextActions: [advice('Run the command again.')],
    })
  }
  if (name === 'NoSuchBucket') return refuseAccess(shown, `There is no bucket ${bucket}.`)
  if (status === 404 && !BROKEN.includes(name)) {
    return raise('BACKUP.DAMAGED', { message: `A part of the backup is missing in ${shown}.` })
  }
  const why = REFUSED[name] ?? (status === 301 ? REFUSED.PermanentRedirect : undefined)
  if (why !== undefined) return refuseAccess(shown, why)
  if (isRefusal(status) && !BROKEN.includes(name)) return refuseAccess(shown, answered(error))
  return raise('BACKUP.STORE_UNAVAILABLE', {
    message: `The store ${shown} does not answer correctly, or the connection was lost.`,
    why: answered(error),
    nextActions: [advice('Check the endpoint and the network, then run the command again.')],
  })
}

function isRefusal(status: number | undefined): boolean {
  return (
    status !== undefined && ((status >= 400 && status < 500 && status !== 429) || status === 501)
  )
}

function refuseAccess(shown: string, why: string): never {
  return raise('BACKUP.STORE_REFUSED', {
    message: `The store ${shown} refused access.`,
    why,
    nextActions: [
      advice(
        'Check the bucket, its region and the credentials. Slipway takes these from where the AWS SDK finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.',
      ),
    ],
  })
}

/**
 * The status and code of the response; for a broken connection the system's message, which contains no
 * credentials.
 */
function answered({ name, code, message, $metadata }: SdkError): string {
  const status = $metadata?.httpStatusCode
  if (status !== undefined) return `It answered ${status}${name ? ` (${name})` : ''}.`
  if (code !== undefined) return `${code}: ${message}.`
  return name === 'TimeoutError' ? 'It did not answer in time.' : 'Its answer cannot be read.'
}
