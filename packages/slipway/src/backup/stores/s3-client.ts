import type { S3Client } from '@aws-sdk/client-s3'
import { advice, otherCommand } from '../../kernel/index.ts'
import type { S3Config } from '../../project/index.ts'
import { raise } from '../failures.ts'
import type { S3Place } from './s3-failures.ts'

/** The packages of the AWS SDK, which Slipway does not install. */
export interface S3Sdk {
  readonly s3: typeof import('@aws-sdk/client-s3')
  readonly storage: typeof import('@aws-sdk/lib-storage')
}

/** How long a store may be silent, in milliseconds, and how often a request is sent. */
export interface S3Limits {
  readonly idleMs: number
  readonly attempts: number
}

/** A bucket with the client that reaches it. */
export interface S3Bucket extends S3Place {
  readonly sdk: S3Sdk
  readonly client: S3Client
  readonly options: S3Config
  readonly limits: S3Limits
}

const PACKAGES = ['@aws-sdk/client-s3', '@aws-sdk/lib-storage']

/** Imports the SDK. Fails with BACKUP.PACKAGE_MISSING. */
export async function loadS3Sdk(load: () => Promise<S3Sdk> = importSdk): Promise<S3Sdk> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return raise('BACKUP.PACKAGE_MISSING', {
      message: `Backups in an S3-compatible store need the packages ${PACKAGES.join(' and ')}.`,
      why: 'Slipway does not install them, because other stores do without.',
      nextActions: [otherCommand(`npm install ${PACKAGES.join(' ')}`, 'install them')],
      cause: error,
    })
  }
}

async function importSdk(): Promise<S3Sdk> {
  const [s3, storage] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
  ])
  return { s3, storage }
}

/** Makes the client. Credentials come from the chain of the SDK alone. Fails with BACKUP.STORE_UNKNOWN. */
export async function connectS3(
  sdk: S3Sdk,
  options: S3Config,
  limits: S3Limits,
): Promise<S3Bucket> {
  const { bucket, endpoint, region, forcePathStyle = endpoint !== undefined, checksums } = options
  const whenever = checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  const prefix = prefixOf(options)
  const host = endpoint === undefined ? '' : ` at ${hostOf(endpoint)}`
  const client = new sdk.s3.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    // The SDK signs with a region, even if a store of one's own has none.
    ...(region === undefined
      ? endpoint === undefined
        ? {}
        : { region: 'us-east-1' }
      : { region }),
    forcePathStyle,
    maxAttempts: limits.attempts,
    requestChecksumCalculation: whenever,
    // The manifest has a checksum of each part, which is compared whenever a part is read.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: limits.idleMs },
  })
  withoutConditionIfUnknown(client)
  await client.config.region().catch(refuseRegion)
  const shown = `s3://${[bucket, prefix].filter(Boolean).join('/')}${host}`
  return { sdk, client, options, limits, shown, bucket }
}

/** The prefix without slashes at its ends. */
export function prefixOf({ prefix = '' }: S3Config): string {
  return prefix.replaceAll(/^\/+|\/+$/g, '')
}

/**
 * Some stores answer 501 to a condition on a write. They get the request again without it: what protects an existing key
 * there is that Slipway looks for it before it writes.
 */
function withoutConditionIfUnknown(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        const { headers } = args.request as { headers: Record<string, string> }
        const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
        if ($metadata?.httpStatusCode !== 501 || !headers['if-none-match']) throw error
        delete headers['if-none-match']
        return await next(args)
      }
    },
    { step: 'build', name: 'withoutConditionIfUnknown' },
  )
}

/** The host of an endpoint. A password in it is refused, because configuration files are shared. */
function hostOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url.host
  return raise('BACKUP.STORE_UNKNOWN', {
    message: 'The endpoint of the backup store cannot be used.',
    why: 'It must be a URL with https:// or http://, without a user name or password.',
    nextActions: [advice('Correct the endpoint in the configuration.')],
  })
}

function refuseRegion(): never {
  return raise('BACKUP.STORE_UNKNOWN', {
    message: 'The region of the backup store is missing.',
    nextActions: [advice('Set `region` in the configuration, or AWS_REGION.')],
  })
}
