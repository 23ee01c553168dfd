import type { Metadata } from 'next'
import Link from 'next/link'
import type { ReactNode } from 'react'
import './globals.css'

export const metadata: Metadata = {
  title: { default: 'Carriers', template: '%s · Carriers' },
  description: 'Carriers with their contacts, insurance policies and loads.',
}

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#main">
          Skip to the content
        </a>
        <header className="site">
          <nav aria-label="Main">
            <Link className="brand" href="/carriers">
              Carriers
            </Link>
            <Link href="/carriers/new">New carrier</Link>
            <Link href="/docs">API</Link>
          </nav>
        </header>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </body>
    </html>
  )
}
