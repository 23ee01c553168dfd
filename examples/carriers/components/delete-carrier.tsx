'use client'

import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { callApi } from './api-client.ts'

interface Props {
  readonly id: number
  readonly name: string
  readonly version: number
}

/** A button that asks before it deletes. The dialog is the browser's: it keeps the focus and closes with Escape. */
export function DeleteCarrier({ id, name, version }: Props) {
  const router = useRouter()
  const dialog = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState('')

  const remove = async () => {
    const headers = { 'if-match': `"${version}"` }
    const result = await callApi(`/api/carriers/${id}`, { method: 'DELETE', headers })
    if (!result.ok) {
      setError(result.problem.detail)
      return
    }
    router.push('/carriers')
    router.refresh()
  }
  return (
    <>
      <button type="button" className="danger" onClick={() => dialog.current?.showModal()}>
        Delete
      </button>
      <dialog ref={dialog} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete {name}?</h2>
        <p>Its contacts and policies are deleted with it. Its loads stay, without a carrier.</p>
        <p role="alert" className="error">
          {error}
        </p>
        <div className="row">
          <button type="button" className="danger" onClick={() => void remove()}>
            Delete the carrier
          </button>
          <button type="button" className="plain" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </>
  )
}
