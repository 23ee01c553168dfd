import type { S3Bucket } from './s3-client.ts'
import { s3Request } from './s3-failures.ts'

/** Deletes an object; it need not exist. */
export async function removeObject(bucket: S3Bucket, fullKey: string): Promise<void> {
  const command = new bucket.sdk.s3.DeleteObjectCommand({ Bucket: bucket.bucket, Key: fullKey })
  await s3Request(bucket, () => bucket.client.send(command))
}

/** Aborts a multipart upload; another process may already have ended it. */
export async function abortUpload(
  bucket: S3Bucket,
  fullKey: string | undefined,
  id: string,
): Promise<void> {
  const { AbortMultipartUploadCommand, NoSuchUpload } = bucket.sdk.s3
  const command = new AbortMultipartUploadCommand({
    Bucket: bucket.bucket,
    Key: fullKey,
    UploadId: id,
  })
  await s3Request(bucket, () =>
    bucket.client.send(command).catch((error: unknown) => {
      if (!(error instanceof NoSuchUpload)) throw error
    }),
  )
}
