'use client'

import type { z } from 'zod'
import { type CarrierDetails, insuranceKinds, newContact, newPolicy } from '../src/schemas.ts'
import { type Field, RecordForm } from './record-form.tsx'
import { words } from './words.ts'

/** The forms for the parts of a carrier. Each change is based on the version of the carrier that the page shows. */

const CONTACT_FIELDS: readonly Field[] = [
  { name: 'fullName', label: 'Name', hint: 'Required.', required: true },
  { name: 'title', label: 'Title', hint: 'Such as dispatcher.' },
  { name: 'email', label: 'E-mail', kind: 'email' },
  { name: 'phone', label: 'Phone', kind: 'tel' },
  {
    name: 'isPrimary',
    label: 'Primary contact',
    hint: 'Replaces another primary contact.',
    kind: 'checkbox',
  },
]

const POLICY_FIELDS: readonly Field[] = [
  {
    name: 'kind',
    label: 'Kind',
    kind: 'select',
    options: insuranceKinds.map((kind) => ({ value: kind, label: words(kind) })),
  },
  { name: 'insurer', label: 'Insurer', hint: 'Required.', required: true },
  { name: 'policyNumber', label: 'Policy number', hint: 'Required.', required: true },
  {
    name: 'coverageAmount',
    label: 'Coverage',
    hint: 'In US dollars, such as 1000000.00. Required.',
    required: true,
  },
  { name: 'effectiveOn', label: 'Effective on', kind: 'date', required: true },
  { name: 'expiresOn', label: 'Expires on', kind: 'date', required: true },
]

interface CarrierVersion {
  readonly id: number
  readonly version: number
}

/** Adds a contact, or changes the given one. */
export function ContactForm(props: {
  carrier: CarrierVersion
  contact?: CarrierDetails['contacts'][number]
}) {
  const { carrier, contact } = props
  return (
    <PartForm
      carrier={carrier}
      path="contacts"
      fields={CONTACT_FIELDS}
      schema={newContact}
      record={contact}
    />
  )
}

/** Adds an insurance policy, or changes the given one. */
export function PolicyForm(props: {
  carrier: CarrierVersion
  policy?: CarrierDetails['insurancePolicies'][number]
}) {
  const { carrier, policy } = props
  return (
    <PartForm
      carrier={carrier}
      path="insurance-policies"
      fields={POLICY_FIELDS}
      schema={newPolicy}
      record={policy}
    />
  )
}

interface PartProps<Body extends object> {
  readonly carrier: CarrierVersion
  readonly path: string
  readonly fields: readonly Field[]
  readonly schema: z.ZodType<Body>
  readonly record: (Readonly<Record<string, unknown>> & { readonly id: number }) | undefined
}

function PartForm<Body extends object>(props: PartProps<Body>) {
  const { carrier, path, fields, schema, record } = props
  const base = `/api/carriers/${carrier.id}/${path}`
  const page = `/carriers/${carrier.id}`
  const headers = { 'if-match': `"${carrier.version}"` }
  return (
    <RecordForm
      fields={fields}
      record={record}
      schema={schema}
      request={
        record
          ? { path: `${base}/${record.id}`, method: 'PUT', headers }
          : { path: base, method: 'POST', headers }
      }
      back={page}
      showPage={() => page}
    />
  )
}
