'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type FormEvent, useRef, useState } from 'react'
import type { z } from 'zod'
import { callApi, type Options } from './api-client.ts'

/** A field of a form. Empty fields are null, unless they are required. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly kind?: 'number' | 'date' | 'email' | 'tel' | 'checkbox' | 'select'
  readonly required?: boolean
  readonly options?: readonly { readonly value: string; readonly label: string }[]
}

interface Props<Body extends object> {
  readonly fields: readonly Field[]
  /** The record that is changed; absent for a new one. */
  readonly record?: Readonly<Record<string, unknown>> | undefined
  /** The API schema of this request. */
  readonly schema: z.ZodType<Body>
  readonly request: Omit<Options, 'body'> & { readonly path: string }
  /** The target of "Cancel". */
  readonly back: string
  /** The page that shows the saved record, by the ID in the response. */
  readonly showPage: (id: number) => string
}

type FieldErrors = Partial<Record<string, string>>

/** A form that validates with the API schema, calls the API, and shows its errors next to the fields. */
export function RecordForm<Body extends object>(props: Props<Body>) {
  const { fields, record, schema, request, back, showPage } = props
  const router = useRouter()
  const [errors, setErrors] = useState<FieldErrors>({})
  const [message, setMessage] = useState('')
  const [isSaving, setSaving] = useState(false)
  const form = useRef<HTMLFormElement>(null)

  const show = (found: FieldErrors, text: string) => {
    setErrors(found)
    setMessage(text)
    const first = fields.find(({ name }) => found[name] !== undefined)
    if (first) form.current?.querySelector<HTMLElement>(`#${first.name}`)?.focus()
  }
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const checked = schema.safeParse(readForm(fields, new FormData(event.currentTarget)))
    if (!checked.success) {
      show(firstErrors(checked.error.issues), 'Please correct the marked fields.')
      return
    }
    setSaving(true)
    const result = await callApi<{ id: number }>(request.path, { ...request, body: checked.data })
    setSaving(false)
    if (result.ok) {
      router.push(showPage(result.data.id))
      router.refresh()
      return
    }
    const found = result.problem.errors?.map(({ field, message: text }) => [field, text]) ?? []
    show(Object.fromEntries(found) as FieldErrors, result.problem.detail)
  }

  return (
    <form ref={form} className="panel" noValidate onSubmit={(event) => void submit(event)}>
      <p role="alert" className="error">
        {message}
      </p>
      {fields.map((field) => (
        <FormField
          key={field.name}
          field={field}
          value={record?.[field.name]}
          error={errors[field.name]}
        />
      ))}
      <div className="row">
        <button type="submit" disabled={isSaving}>
          {isSaving ? 'Saving…' : 'Save'}
        </button>
        <Link className="button plain" href={back}>
          Cancel
        </Link>
      </div>
    </form>
  )
}

interface FieldProps {
  readonly field: Field
  readonly value: unknown
  readonly error: string | undefined
}

function FormField({ field, value, error }: FieldProps) {
  const { name, label, hint } = field
  const described = [...(hint ? [`${name}-hint`] : []), ...(error ? [`${name}-error`] : [])]
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      {hint && (
        <span className="hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      <Control
        field={field}
        value={value}
        attributes={{
          'aria-invalid': error !== undefined,
          ...(described.length > 0 && { 'aria-describedby': described.join(' ') }),
        }}
      />
      {error !== undefined && (
        <span className="error" id={`${name}-error`}>
          {error}
        </span>
      )}
    </div>
  )
}

interface ControlProps {
  readonly field: Field
  readonly value: unknown
  readonly attributes: { readonly 'aria-invalid': boolean; readonly 'aria-describedby'?: string }
}

function Control({
  field: { name, kind, options, required = false },
  value,
  attributes,
}: ControlProps) {
  const text = typeof value === 'string' || typeof value === 'number' ? value : ''
  const shared = { id: name, name, ...attributes }
  switch (kind) {
    case 'checkbox':
      return <input {...shared} type="checkbox" defaultChecked={value === true} />
    case 'select':
      return (
        <select {...shared} defaultValue={text}>
          {options?.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      )
    case 'number':
      return <input {...shared} inputMode="numeric" autoComplete="off" defaultValue={text} />
    case 'date':
    case 'email':
    case 'tel':
    case undefined:
      return (
        <input
          {...shared}
          type={kind ?? 'text'}
          autoComplete="off"
          required={required}
          defaultValue={text}
        />
      )
  }
}

/** The fields in the format of the API. */
function readForm(fields: readonly Field[], data: FormData): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, readField(field, data)]))
}

function readField({ name, kind, required }: Field, data: FormData): unknown {
  const given = data.get(name)
  if (kind === 'checkbox') return given !== null
  const text = typeof given === 'string' ? given.trim() : ''
  if (text === '') return required ? '' : null
  return kind === 'number' ? Number(text) : text
}

function firstErrors(issues: readonly { path: PropertyKey[]; message: string }[]): FieldErrors {
  const entries = issues.map(({ path, message }) => [String(path[0]), message])
  // The first error of a field wins.
  return Object.fromEntries(entries.toReversed()) as FieldErrors
}
