'use client'

import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { callApi } from './api-client.ts'

interface Props {
  /** The path in the API. */
  readonly path: string
  /** The version of the carrier that the page shows. */
  readonly version: number
  /** What is deleted: "Lone Pine Freight". */
  readonly name: string
  readonly consequence: string
  /** The label of the confirming button: "Delete the carrier". */
  readonly confirm: string
  /** The page to go to afterwards. */
  readonly next: string
}

/** A button that asks before it deletes. The dialog is native: it keeps the focus and closes with Escape. */
export function DeleteRecord({ path, version, name, consequence, confirm, next }: Props) {
  const router = useRouter()
  const dialog = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState('')

  const remove = async () => {
    const headers = { 'if-match': `"${version}"` }
    const result = await callApi(path, { method: 'DELETE', headers })
    if (!result.ok) {
      setError(result.problem.detail)
      return
    }
    router.push(next)
    router.refresh()
  }
  return (
    <>
      <button type="button" className="danger" onClick={() => dialog.current?.showModal()}>
        Delete
      </button>
      <dialog ref={dialog} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete {name}?</h2>
        <p>{consequence}</p>
        <p role="alert" className="error">
          {error}
        </p>
        <div className="row">
          <button type="button" className="danger" onClick={() => void remove()}>
            {confirm}
          </button>
          <button type="button" className="plain" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </>
  )
}
