import { type RetryPolicy, withRetry } from 'slipway-runtime/retry'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { Refusal } from './api/refusal.ts'
import {
  type CarrierDetails,
  type CarrierPage,
  type CarrierPatch,
  type CarrierQuery,
  cursorContent,
  type NewCarrier,
  type NewContact,
  type NewPolicy,
} from './schemas.ts'

/** The operations on carriers. Database errors are thrown unchanged; see `api/problem.ts`. */

const WITH_ALL = {
  contacts: { orderBy: [{ isPrimary: 'desc' }, { fullName: 'asc' }] },
  insurancePolicies: { orderBy: { expiresOn: 'asc' } },
  loads: { orderBy: { pickupAt: 'desc' }, take: 50 },
} satisfies Prisma.CarrierInclude

type CarrierRow = Prisma.CarrierGetPayload<object>
type CarrierWithAll = Prisma.CarrierGetPayload<{ include: typeof WITH_ALL }>

/** A page of carriers, in the order of `sort`, then of the ID. */
export async function listCarriers(
  prisma: PrismaClient,
  query: CarrierQuery,
): Promise<CarrierPage> {
  const { q, homeState, minPowerUnits, sort, limit, cursor } = query
  const field = sort.replace('-', '') as 'name' | 'createdAt'
  const direction = sort.startsWith('-') ? 'desc' : 'asc'
  const filters: Prisma.CarrierWhereInput[] = [
    ...(q
      ? [
          {
            OR: [
              { name: { contains: literally(q), mode: 'insensitive' as const } },
              { mcNumber: { startsWith: literally(q) } },
            ],
          },
        ]
      : []),
    ...(homeState ? [{ homeState }] : []),
    ...(minPowerUnits === undefined ? [] : [{ powerUnits: { gte: minPowerUnits } }]),
    ...(cursor ? [afterCursor(cursor, sort)] : []),
  ]
  const rows = await prisma.carrier.findMany({
    where: { AND: filters },
    orderBy: [{ [field]: direction }, { id: direction }],
    // One more than is shown tells whether there is a next page.
    take: limit + 1,
  })
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const nextCursor = rows.length > limit && last ? cursorOf(last, sort) : null
  return { items: items.map(toCarrier), nextCursor }
}

/** Throws P2025 if there is no such carrier. */
export async function readCarrier(prisma: PrismaClient, id: number): Promise<CarrierDetails> {
  const where = { id }
  return toDetails(await prisma.carrier.findUniqueOrThrow({ where, include: WITH_ALL }))
}

/** Creates a carrier with its contacts and policies, all or nothing, in the caller's transaction. */
export async function createCarrier(
  tx: Pick<PrismaClient, 'carrier'>,
  { contacts, insurancePolicies, ...fields }: NewCarrier,
): Promise<CarrierDetails> {
  if (contacts.filter(({ isPrimary }) => isPrimary).length > 1) {
    throw new Refusal('contacts', 'Only one contact can be the primary one.')
  }
  const policies = insurancePolicies.map((one, index) =>
    toPolicyRow(one, `insurancePolicies.${index}.`),
  )
  const data = {
    ...fields,
    contacts: { create: contacts },
    insurancePolicies: { create: policies },
  }
  return toDetails(await tx.carrier.create({ data, include: WITH_ALL }))
}

type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/** The version of a carrier on which a change is based. */
export interface Basis {
  readonly id: number
  /** Undefined if it may be any. */
  readonly version: number | undefined
  readonly policy: RetryPolicy
}

function atVersion({ id, version }: Omit<Basis, 'policy'>) {
  return { id, ...(version === undefined ? {} : { version }) }
}

/**
 * Changes a carrier or one of its parts, all or nothing, and increments the version of the carrier. Undefined if the
 * carrier has a different version. Throws P2025 if there is no such carrier.
 */
async function changeVersion(
  prisma: PrismaClient,
  { id, version, policy }: Basis,
  change: (tx: Transaction) => Promise<unknown>,
): Promise<CarrierDetails | undefined> {
  return await withRetry(
    prisma,
    async (tx) => {
      const data = { version: { increment: 1 } }
      const { count } = await tx.carrier.updateMany({ where: atVersion({ id, version }), data })
      if (count === 1) await change(tx)
      const found = await tx.carrier.findUniqueOrThrow({ where: { id }, include: WITH_ALL })
      return count === 1 ? toDetails(found) : undefined
    },
    { policy, confirmCommit: true },
  )
}

/** Changes the given fields of a carrier; see `changeVersion`. */
export async function updateCarrier(
  prisma: PrismaClient,
  { patch, ...basis }: Basis & { readonly patch: CarrierPatch },
): Promise<CarrierDetails | undefined> {
  const where = { id: basis.id }
  return await changeVersion(prisma, basis, (tx) =>
    tx.carrier.update({ where, data: present(patch) }),
  )
}

/** Adds a contact to a carrier, or changes one; see `changeVersion`. A primary contact replaces the old one. */
export async function saveContact(
  prisma: PrismaClient,
  { contact, contactId, ...basis }: Basis & { contact: NewContact; contactId?: number },
): Promise<CarrierDetails | undefined> {
  const carrierId = basis.id
  return await changeVersion(prisma, basis, async (tx) => {
    if (contact.isPrimary) {
      await tx.contact.updateMany({
        where: { carrierId, isPrimary: true },
        data: { isPrimary: false },
      })
    }
    if (contactId === undefined) await tx.contact.create({ data: { ...contact, carrierId } })
    else await tx.contact.update({ where: { id: contactId, carrierId }, data: contact })
  })
}

/** Removes a contact of a carrier; see `changeVersion`. */
export async function removeContact(
  prisma: PrismaClient,
  { contactId, ...basis }: Basis & { contactId: number },
): Promise<CarrierDetails | undefined> {
  const where = { id: contactId, carrierId: basis.id }
  return await changeVersion(prisma, basis, (tx) => tx.contact.delete({ where }))
}

/** Adds an insurance policy to a carrier, or changes an existing one; see `changeVersion`. */
export async function savePolicy(
  prisma: PrismaClient,
  { insurance, policyId, ...basis }: Basis & { insurance: NewPolicy; policyId?: number },
): Promise<CarrierDetails | undefined> {
  const carrierId = basis.id
  const data = toPolicyRow(insurance)
  return await changeVersion(prisma, basis, async (tx) => {
    if (policyId === undefined) await tx.insurancePolicy.create({ data: { ...data, carrierId } })
    else await tx.insurancePolicy.update({ where: { id: policyId, carrierId }, data })
  })
}

/** Removes an insurance policy of a carrier; see `changeVersion`. */
export async function removePolicy(
  prisma: PrismaClient,
  { policyId, ...basis }: Basis & { policyId: number },
): Promise<CarrierDetails | undefined> {
  const where = { id: policyId, carrierId: basis.id }
  return await changeVersion(prisma, basis, (tx) => tx.insurancePolicy.delete({ where }))
}

/** Checks and converts a policy; `place` is its path in the request, such as `insurancePolicies.0.`. */
function toPolicyRow(policy: NewPolicy, place = '') {
  if (policy.expiresOn <= policy.effectiveOn) {
    throw new Refusal(`${place}expiresOn`, 'A policy must expire after it begins.')
  }
  return {
    ...policy,
    effectiveOn: new Date(policy.effectiveOn),
    expiresOn: new Date(policy.expiresOn),
  }
}

/** Deletes a carrier; false if it has a different version. Throws P2025 if there is no such carrier. */
export async function deleteCarrier(
  prisma: PrismaClient,
  basis: Omit<Basis, 'policy'>,
): Promise<boolean> {
  const { id } = basis
  const { count } = await prisma.carrier.deleteMany({ where: atVersion(basis) })
  if (count === 0) await prisma.carrier.findUniqueOrThrow({ where: { id }, select: { id: true } })
  return count === 1
}

/** Assigns planned loads to a carrier: all of them or none. */
export async function assignLoads(
  prisma: PrismaClient,
  { id, references, policy }: { id: number; references: readonly string[]; policy: RetryPolicy },
): Promise<CarrierDetails> {
  const wanted = [...new Set(references)]
  return await withRetry(
    prisma,
    async (tx) => {
      const { count } = await tx.load.updateMany({
        where: { reference: { in: wanted }, status: 'PLANNED', carrierId: null },
        data: { carrierId: id, status: 'BOOKED' },
      })
      if (count < wanted.length) throw await refuseAssignment(tx, id, wanted)
      const data = { version: { increment: 1 } }
      return toDetails(await tx.carrier.update({ where: { id }, data, include: WITH_ALL }))
    },
    { policy, confirmCommit: true },
  )
}

/** An error that names the loads that cannot be assigned, and rolls the transaction back. */
async function refuseAssignment(
  tx: Pick<PrismaClient, 'load'>,
  id: number,
  wanted: readonly string[],
): Promise<Refusal> {
  const found = await tx.load.findMany({ where: { reference: { in: [...wanted] } } })
  const taken = found.filter(({ carrierId, status }) => carrierId !== id || status !== 'BOOKED')
  const known = new Set(found.map(({ reference }) => reference))
  const unknown = wanted.filter((reference) => !known.has(reference))
  const names = [...unknown, ...taken.map(({ reference }) => reference)]
  return new Refusal(
    'references',
    `Not a planned load without a carrier: ${names.join(', ') || wanted.join(', ')}.`,
  )
}

/** Escapes `%` and `_`, which Prisma passes to LIKE as wildcards. */
function literally(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function afterCursor(cursor: string, sort: CarrierQuery['sort']): Prisma.CarrierWhereInput {
  const found = readCursor(cursor, sort)
  if (!found) throw new Refusal('cursor', 'Not a cursor of this list.', 400)
  const { value, id } = found
  const field = sort.replace('-', '')
  const beyond = sort.startsWith('-') ? 'lt' : 'gt'
  return {
    OR: [{ [field]: { [beyond]: value } }, { AND: [{ [field]: value }, { id: { [beyond]: id } }] }],
  }
}

function cursorOf(row: CarrierRow, sort: CarrierQuery['sort']): string {
  const value = sort.endsWith('name') ? row.name : row.createdAt
  return Buffer.from(JSON.stringify([sort, value, row.id])).toString('base64url')
}

/** Whether a text is a cursor that a list in this order returned. */
export function isCursorOf(cursor: string, sort: CarrierQuery['sort']): boolean {
  return readCursor(cursor, sort) !== undefined
}

function readCursor(
  cursor: string,
  sort: CarrierQuery['sort'],
): { value: string; id: number } | undefined {
  const parsed = cursorContent.safeParse(parseCursor(cursor))
  if (!parsed.success || parsed.data[0] !== sort) return undefined
  const [, value, id] = parsed.data
  return { value, id }
}

function parseCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

function toCarrier(row: CarrierRow): CarrierPage['items'][number] {
  const { createdAt, updatedAt, ...fields } = row
  return { ...fields, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}

function toDetails({ contacts, insurancePolicies, loads, ...row }: CarrierWithAll): CarrierDetails {
  return {
    ...toCarrier(row),
    contacts: contacts.map(({ id, fullName, title, email, phone, isPrimary }) => {
      return { id, fullName, title, email, phone, isPrimary }
    }),
    insurancePolicies: insurancePolicies.map((one) => ({
      id: one.id,
      kind: one.kind,
      insurer: one.insurer,
      policyNumber: one.policyNumber,
      coverageAmount: one.coverageAmount.toFixed(2),
      effectiveOn: one.effectiveOn.toISOString().slice(0, 10),
      expiresOn: one.expiresOn.toISOString().slice(0, 10),
    })),
    loads: loads.map((one) => ({
      id: one.id,
      reference: one.reference,
      status: one.status,
      commodity: one.commodity,
      rate: one.rate.toFixed(2),
      pickupCity: one.pickupCity,
      pickupState: one.pickupState,
      pickupAt: one.pickupAt.toISOString(),
      deliveryCity: one.deliveryCity,
      deliveryState: one.deliveryState,
      deliveryAt: one.deliveryAt.toISOString(),
    })),
  }
}

/** Removes fields that were not given. */
function present<T extends object>(patch: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(patch).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
