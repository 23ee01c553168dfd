import { z } from 'zod'

/**
 * The schemas of a carrier and its parts: the single source for the API, its OpenAPI document, the forms and the checks
 * of seeds. Limits are those of the database columns.
 */

/** No control characters, no half of a surrogate pair, which UTF-8 cannot encode, and none that reverses the text after it. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]*$/u

/** A single line of text, without control characters and surrounding spaces. */
const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1, 'Please fill this in.')
    .max(max, `At most ${max} characters.`)
    .regex(PRINTABLE, 'No line breaks or control characters.')

const digits = (max: number) =>
  z.string().regex(new RegExp(`^\\d{1,${max}}$`), `Up to ${max} digits.`)
const state = z.string().regex(/^[A-Z]{2}$/, 'Two capital letters, such as TX.')
const date = z.iso.date('A date such as 2026-05-31.')
const timestamp = z.iso.datetime()

/** The ID of a carrier, a contact or a policy. */
export const recordId = z.coerce
  .number('An id is a number.')
  .int('An id is a whole number.')
  .min(1)
  .max(2_147_483_647)

export const insuranceKinds = ['AUTO_LIABILITY', 'CARGO', 'GENERAL_LIABILITY'] as const
const loadStatuses = ['PLANNED', 'BOOKED', 'IN_TRANSIT', 'DELIVERED', 'CANCELLED'] as const

const carrierFields = {
  name: line(255),
  mcNumber: digits(8).nullable(),
  usdotNumber: digits(8).nullable(),
  homeState: state.nullable(),
  powerUnits: z.int('A whole number.').min(0, 'Not below 0.').max(1_000_000).nullable(),
}

export const newContact = z.strictObject({
  fullName: line(120),
  title: line(60).nullable().default(null),
  email: z.email('An e-mail address.').max(255).nullable().default(null),
  phone: line(32).nullable().default(null),
  isPrimary: z.boolean().default(false),
})

export const newPolicy = z.strictObject({
  kind: z.enum(insuranceKinds),
  insurer: line(120),
  policyNumber: line(40),
  coverageAmount: z
    .string()
    .regex(/^\d{1,10}(\.\d{1,2})?$/, 'An amount in US dollars, such as 1000000.00.'),
  effectiveOn: date,
  expiresOn: date,
})

export const newCarrier = z.strictObject({
  name: carrierFields.name,
  mcNumber: carrierFields.mcNumber.default(null),
  usdotNumber: carrierFields.usdotNumber.default(null),
  homeState: carrierFields.homeState.default(null),
  powerUnits: carrierFields.powerUnits.default(null),
  contacts: z.array(newContact).max(50).default([]),
  insurancePolicies: z.array(newPolicy).max(50).default([]),
})

export const carrierPatch = z.strictObject(carrierFields).partial()

export const loadAssignment = z.strictObject({
  references: z.array(line(24)).min(1, 'Name at least one load.').max(50),
})

const sortOrders = ['name', '-name', 'createdAt', '-createdAt'] as const

export const carrierQuery = z.strictObject({
  q: z
    .string()
    .trim()
    .max(100, 'At most 100 characters.')
    .regex(PRINTABLE, 'No line breaks or control characters.')
    .optional(),
  homeState: state.optional(),
  minPowerUnits: z.coerce.number().int().min(0).max(1_000_000).optional(),
  sort: z.enum(sortOrders).default('name'),
  limit: z.coerce.number().int().min(1).max(100).default(25),
  // A name of 255 characters of three bytes each, in base64.
  cursor: z.string().max(1100).optional(),
})

/** What the text of a cursor contains: the order, the sorted value of the last row of a page, and its ID. */
export const cursorContent = z.union([
  z.tuple([z.enum(['name', '-name']), z.string().regex(/^[^\0]*$/), recordId]),
  z.tuple([z.enum(['createdAt', '-createdAt']), timestamp, recordId]),
])

const stored = { id: z.int(), createdAt: timestamp, updatedAt: timestamp }

export const carrier = z.object({ ...stored, ...carrierFields, version: z.int() })
const contact = z.object({
  id: z.int(),
  fullName: z.string(),
  title: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  isPrimary: z.boolean(),
})
const policy = z.object({
  id: z.int(),
  kind: z.enum(insuranceKinds),
  insurer: z.string(),
  policyNumber: z.string(),
  coverageAmount: z.string(),
  effectiveOn: date,
  expiresOn: date,
})
const load = z.object({
  id: z.int(),
  reference: z.string(),
  status: z.enum(loadStatuses),
  commodity: z.string(),
  rate: z.string(),
  pickupCity: z.string(),
  pickupState: z.string(),
  pickupAt: timestamp,
  deliveryCity: z.string(),
  deliveryState: z.string(),
  deliveryAt: timestamp,
})
export const carrierDetails = z.object({
  ...carrier.shape,
  contacts: z.array(contact),
  insurancePolicies: z.array(policy),
  loads: z.array(load),
})
export const carrierPage = z.object({
  items: z.array(carrier),
  nextCursor: z.string().nullable(),
})
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

export type Carrier = z.infer<typeof carrier>
export type CarrierDetails = z.infer<typeof carrierDetails>
export type CarrierPage = z.infer<typeof carrierPage>
export type CarrierPatch = z.infer<typeof carrierPatch>
export type CarrierQuery = z.infer<typeof carrierQuery>
export type NewCarrier = z.infer<typeof newCarrier>
export type NewContact = z.infer<typeof newContact>
export type NewPolicy = z.infer<typeof newPolicy>
export type Problem = z.infer<typeof problem>
