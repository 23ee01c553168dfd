'use client'

/** Shown if a page cannot be rendered, mostly because the database is unreachable. */
export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return (
    <div role="alert">
      <h1>This did not work</h1>
      <p>The database may be away for a moment. Nothing was changed.</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </div>
  )
}
