import { notFound } from 'next/navigation'
import { cache } from 'react'
import { classifyError } from 'slipway-runtime/errors'
import { readCarrier } from '../src/carriers.ts'
import { database } from '../src/db.ts'
import { carrierId, type CarrierDetails } from '../src/schemas.ts'

/** The carrier of a page's path; shows the page "not found" where there is none. */
export async function carrierOfPage(params: Promise<{ id: string }>): Promise<CarrierDetails> {
  const id = carrierId.safeParse((await params).id)
  if (!id.success) notFound()
  return await carrierById(id.data)
}

/** The title and the body of a page ask for the same carrier: it is read once for a request. */
const carrierById = cache(async (id: number): Promise<CarrierDetails> => {
  const { prisma } = await database()
  try {
    return await readCarrier(prisma, id)
  } catch (error) {
    if (classifyError(error).kind === 'not-found') notFound()
    throw error
  }
})
