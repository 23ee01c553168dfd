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

/** The maximum time without a response, in milliseconds, and the maximum number of attempts of a request. */
export interface S3Limits {
  readonly idleMs: number
  readonly attempts: number
}

/** A bucket with its client. */
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
      why: 'Slipway does not install them, because other stores do not need them.',
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

/**
 * Creates the client. Credentials come only from the SDK's provider chain. Fails with BACKUP.STORE_UNKNOWN.
 */
export async function connectS3(
  sdk: S3Sdk,
  options: S3Config,
  limits: S3Limits,
): Promise<S3Bucket> {
  const { bucket, endpoint, region, forcePathStyle = endpoint !== undefined, checksums } = options
  const checksumMode = checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  // The SDK needs a region to sign requests, even for a store without regions.
  const usedRegion = region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const prefix = prefixOf(options)
  const host = endpoint === undefined ? '' : ` at ${hostOf(endpoint)}`
  const client = new sdk.s3.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(usedRegion === undefined ? {} : { region: usedRegion }),
    forcePathStyle,
    maxAttempts: limits.attempts,
    requestChecksumCalculation: checksumMode,
    // Parts are verified with the checksums of the manifest whenever they are read.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: limits.idleMs },
  })
  retryWithoutCondition(client)
  await client.config.region().catch(refuseRegion)
  const shown = `s3://${[bucket, prefix].filter(Boolean).join('/')}${host}`
  return { sdk, client, options, limits, shown, bucket }
}

/** The prefix without leading and trailing slashes. */
export function prefixOf({ prefix = '' }: S3Config): string {
  return prefix.replaceAll(/^\/+|\/+$/g, '')
}

/**
 * Repeats a write without its condition if the store answers 501 because it does not support conditions.
 * There, an existing key is protected only by Slipway's check before the write.
 */
function retryWithoutCondition(client: S3Client): void {
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
    { step: 'build', name: 'retryWithoutCondition' },
  )
}

/** The host of an endpoint. Refuses one with a password, because configuration files are shared. */
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
