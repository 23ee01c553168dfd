'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type FormEvent, useRef, useState } from 'react'
import { type Carrier, carrierPatch, newCarrier } from '../src/schemas.ts'
import { callApi } from './api-client.ts'

const FIELDS = [
  { name: 'name', label: 'Legal name', hint: 'As registered. Required.' },
  { name: 'mcNumber', label: 'MC number', hint: 'Digits only.' },
  { name: 'usdotNumber', label: 'USDOT number', hint: 'Digits only.' },
  { name: 'homeState', label: 'Home state', hint: 'Two capital letters, such as TX.' },
  { name: 'powerUnits', label: 'Power units', hint: 'Tractors in service.' },
] as const

type FieldName = (typeof FIELDS)[number]['name']
type FieldErrors = Partial<Record<string, string>>

/** Creates a carrier, or changes the one that is given. Checks by the schemas of the API before it asks the API. */
export function CarrierForm({ carrier }: { carrier?: Carrier }) {
  const router = useRouter()
  const [errors, setErrors] = useState<FieldErrors>({})
  const [message, setMessage] = useState('')
  const [isSaving, setSaving] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  // One for each form: a second click, or a repeat after a lost answer, creates nothing twice.
  const [idempotencyKey] = useState(() => crypto.randomUUID())

  const show = (found: FieldErrors, text: string) => {
    setErrors(found)
    setMessage(text)
    const first = FIELDS.find(({ name }) => found[name] !== undefined)
    if (first) form.current?.querySelector<HTMLInputElement>(`#${first.name}`)?.focus()
  }
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = readForm(new FormData(event.currentTarget))
    const checked = (carrier ? carrierPatch : newCarrier).safeParse(values)
    if (!checked.success) {
      show(firstErrors(checked.error.issues), 'Please correct the marked fields.')
      return
    }
    setSaving(true)
    const result = carrier
      ? await callApi<Carrier>(`/api/carriers/${carrier.id}`, {
          method: 'PATCH',
          body: checked.data,
          headers: { 'if-match': `"${carrier.version}"` },
        })
      : await callApi<Carrier>('/api/carriers', {
          method: 'POST',
          body: checked.data,
          headers: { 'idempotency-key': idempotencyKey },
        })
    setSaving(false)
    if (result.ok) {
      router.push(`/carriers/${result.data.id}`)
      router.refresh()
      return
    }
    const fields = result.problem.errors?.map(({ field, message: text }) => [field, text]) ?? []
    show(Object.fromEntries(fields) as FieldErrors, result.problem.detail)
  }

  return (
    <form ref={form} className="panel" noValidate onSubmit={(event) => void submit(event)}>
      <p role="alert" className="error">
        {message}
      </p>
      {FIELDS.map(({ name, label, hint }) => (
        <div className="field" key={name}>
          <label htmlFor={name}>{label}</label>
          <span className="hint" id={`${name}-hint`}>
            {hint}
          </span>
          <input
            id={name}
            name={name}
            defaultValue={carrier?.[name] ?? ''}
            inputMode={name === 'name' || name === 'homeState' ? 'text' : 'numeric'}
            autoComplete="off"
            required={name === 'name'}
            aria-invalid={errors[name] !== undefined}
            aria-describedby={`${name}-hint${errors[name] === undefined ? '' : ` ${name}-error`}`}
          />
          {errors[name] !== undefined && (
            <span className="error" id={`${name}-error`}>
              {errors[name]}
            </span>
          )}
        </div>
      ))}
      <div className="row">
        <button type="submit" disabled={isSaving}>
          {isSaving ? 'Saving…' : 'Save'}
        </button>
        <Link className="button plain" href={carrier ? `/carriers/${carrier.id}` : '/carriers'}>
          Cancel
        </Link>
      </div>
    </form>
  )
}

/** The fields as the API takes them: what is empty is null, a number is a number. */
function readForm(data: FormData): Record<FieldName, unknown> {
  const text = (name: FieldName) => {
    const value = data.get(name)
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
  }
  const powerUnits = text('powerUnits')
  return {
    name: text('name') ?? '',
    mcNumber: text('mcNumber'),
    usdotNumber: text('usdotNumber'),
    homeState: text('homeState'),
    powerUnits: powerUnits === null ? null : Number(powerUnits),
  }
}

function firstErrors(issues: readonly { path: PropertyKey[]; message: string }[]): FieldErrors {
  const entries = issues.map(({ path, message }) => [String(path[0]), message])
  // The first of a field wins.
  return Object.fromEntries(entries.toReversed()) as FieldErrors
}
