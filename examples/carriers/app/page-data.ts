import { notFound } from 'next/navigation'
import { classifyError } from 'slipway-runtime/errors'
import { readCarrier } from '../src/carriers.ts'
import { database } from '../src/db.ts'
import { carrierId, type CarrierDetails } from '../src/schemas.ts'

/** The carrier of a page's path; shows the page "not found" where there is none. */
export async function carrierOfPage(params: Promise<{ id: string }>): Promise<CarrierDetails> {
  const id = carrierId.safeParse((await params).id)
  if (!id.success) notFound()
  const { prisma } = await database()
  try {
    return await readCarrier(prisma, id.data)
  } catch (error) {
    if (classifyError(error).kind === 'not-found') notFound()
    throw error
  }
}
