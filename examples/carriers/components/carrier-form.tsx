'use client'

import { useState } from 'react'
import { type Carrier, carrierPatch, newCarrier } from '../src/schemas.ts'
import { type Field, RecordForm } from './record-form.tsx'

const FIELDS: readonly Field[] = [
  { name: 'name', label: 'Legal name', hint: 'As registered. Required.', required: true },
  { name: 'mcNumber', label: 'MC number', hint: 'Digits only.' },
  { name: 'usdotNumber', label: 'USDOT number', hint: 'Digits only.' },
  { name: 'homeState', label: 'Home state', hint: 'Two capital letters, such as TX.' },
  { name: 'powerUnits', label: 'Power units', hint: 'Tractors in service.', kind: 'number' },
]

/** Creates a carrier, or changes the given one. */
export function CarrierForm({ carrier }: { carrier?: Carrier }) {
  // One key per form, so that a second click, or a retry after a lost response, creates nothing twice.
  const [idempotencyKey] = useState(() => crypto.randomUUID())
  const showPage = (id: number) => `/carriers/${id}`
  if (!carrier) {
    const headers = { 'idempotency-key': idempotencyKey }
    return (
      <RecordForm
        fields={FIELDS}
        schema={newCarrier}
        request={{ path: '/api/carriers', method: 'POST', headers }}
        back="/carriers"
        showPage={showPage}
      />
    )
  }
  const headers = { 'if-match': `"${carrier.version}"` }
  return (
    <RecordForm
      fields={FIELDS}
      record={carrier}
      schema={carrierPatch}
      request={{ path: `/api/carriers/${carrier.id}`, method: 'PATCH', headers }}
      back={showPage(carrier.id)}
      showPage={showPage}
    />
  )
}
