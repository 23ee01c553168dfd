import { cookies } from 'next/headers'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { classifyError } from 'slipway-runtime/errors'
import { CONSISTENCY_COOKIE, withConsistency } from 'slipway-runtime/replicas'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { readCarrier } from '../src/carriers.ts'
import { database } from '../src/db.ts'
import { type CarrierDetails, recordId } from '../src/schemas.ts'

/** Reads for a page. Dispatchers see what they saved before, even if a replica is behind. */
export async function readForPage<T>(read: (prisma: PrismaClient) => Promise<T>): Promise<T> {
  const token = (await cookies()).get(CONSISTENCY_COOKIE)?.value
  const { prisma } = await database()
  return await withConsistency(token, () => read(prisma))
}

/** The carrier in a page's path; shows the page "not found" if there is none. */
export async function carrierOfPage(params: Promise<{ id: string }>): Promise<CarrierDetails> {
  return await carrierById(idOfPath((await params).id))
}

/** The carrier and its contact or policy in a page's path; shows the page "not found" if there is none. */
export async function recordOfPage<Kind extends 'contacts' | 'insurancePolicies'>(
  params: Promise<{ id: string; recordId: string }>,
  kind: Kind,
): Promise<{ carrier: CarrierDetails; record: CarrierDetails[Kind][number] }> {
  const carrier = await carrierOfPage(params)
  const id = idOfPath((await params).recordId)
  const records: readonly CarrierDetails[Kind][number][] = carrier[kind]
  return { carrier, record: records.find((one) => one.id === id) ?? notFound() }
}

function idOfPath(text: string): number {
  const id = recordId.safeParse(text)
  return id.success ? id.data : notFound()
}

/** The title and the body of a page need the same carrier, so it is read once per request. */
const carrierById = cache(async (id: number): Promise<CarrierDetails> => {
  try {
    return await readForPage((prisma) => readCarrier(prisma, id))
  } catch (error) {
    if (classifyError(error).kind === 'not-found') notFound()
    throw error
  }
})
