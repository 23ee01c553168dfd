'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { callApi } from './api-client.ts'

/** Assigns planned loads to the carrier by their references. */
export function AssignLoads({ id }: { id: number }) {
  const router = useRouter()
  const [error, setError] = useState('')
  const [done, setDone] = useState('')

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    const given = new FormData(form).get('references')
    const references = (typeof given === 'string' ? given : '')
      .split(/[\s,]+/)
      .filter((one) => one !== '')
    const result = await callApi(`/api/carriers/${id}/loads`, {
      method: 'POST',
      body: { references },
    })
    setError(result.ok ? '' : (result.problem.errors?.[0]?.message ?? result.problem.detail))
    setDone(result.ok ? `Assigned: ${references.join(', ')}.` : '')
    if (!result.ok) return
    form.reset()
    router.refresh()
  }
  return (
    <form className="panel row" onSubmit={(event) => void submit(event)} aria-label="Assign loads">
      <div className="field">
        <label htmlFor="references">References of planned loads</label>
        <input
          id="references"
          name="references"
          placeholder="LD-100001, LD-100002"
          aria-invalid={error !== ''}
          aria-describedby="assign-error"
        />
        <span role="alert" className="error" id="assign-error">
          {error}
        </span>
        <span role="status">{done}</span>
      </div>
      <div className="field">
        <button type="submit">Assign</button>
      </div>
    </form>
  )
}
