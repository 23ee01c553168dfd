import Link from 'next/link'

export const metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <>
      <h1>Not found</h1>
      <p>There is no such page or carrier. It may have been deleted.</p>
      <p>
        <Link href="/carriers">All carriers</Link>
      </p>
    </>
  )
}
