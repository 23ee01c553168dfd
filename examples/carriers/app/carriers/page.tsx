import Link from 'next/link'
import { CarrierFilter } from '../../components/carrier-filter.tsx'
import { listCarriers } from '../../src/carriers.ts'
import { database } from '../../src/db.ts'
import { carrierQuery, type CarrierPage, type CarrierQuery } from '../../src/schemas.ts'

export const metadata = { title: 'All carriers' }

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | string[] | undefined>>>
}

export default async function Carriers({ searchParams }: Props) {
  const query = readQuery(await searchParams)
  const { prisma } = await database()
  const page = await listCarriers(prisma, query)
  return (
    <>
      <div className="row spread">
        <h1>Carriers</h1>
        <Link className="button" href="/carriers/new">
          New carrier
        </Link>
      </div>
      <CarrierFilter query={query} />
      {page.items.length === 0 ? (
        <Empty query={query} />
      ) : (
        <CarrierTable page={page} query={query} />
      )}
    </>
  )
}

/** A query that cannot be understood, perhaps from an old bookmark, shows all carriers. */
function readQuery(given: Readonly<Record<string, string | string[] | undefined>>): CarrierQuery {
  const entries = Object.entries(given).filter(([, value]) => value !== '')
  const parsed = carrierQuery.safeParse(Object.fromEntries(entries))
  return parsed.success ? parsed.data : carrierQuery.parse({})
}

function Empty({ query: { q, homeState, minPowerUnits } }: { query: CarrierQuery }) {
  const isFiltered = q !== undefined || homeState !== undefined || minPowerUnits !== undefined
  return (
    <div className="panel" role="status">
      <p>{isFiltered ? 'No carrier matches.' : 'There are no carriers yet.'}</p>
      <p>
        {isFiltered ? (
          <Link href="/carriers">Show all carriers</Link>
        ) : (
          <Link href="/carriers/new">Create the first one</Link>
        )}
      </p>
    </div>
  )
}

function CarrierTable({ page, query }: { page: CarrierPage; query: CarrierQuery }) {
  return (
    <>
      <table className="stack">
        <caption>
          {page.items.length} carriers{query.cursor ? ', continued' : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">MC number</th>
            <th scope="col">USDOT</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Power units
            </th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((carrier) => (
            <tr key={carrier.id}>
              <td data-label="Name">
                <Link href={`/carriers/${carrier.id}`}>{carrier.name}</Link>
              </td>
              <td data-label="MC number">{carrier.mcNumber ?? '–'}</td>
              <td data-label="USDOT">{carrier.usdotNumber ?? '–'}</td>
              <td data-label="State">{carrier.homeState ?? '–'}</td>
              <td data-label="Power units" className="number">
                {carrier.powerUnits ?? '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {page.nextCursor && (
        <p>
          <Link className="button plain" href={nextPage(query, page.nextCursor)}>
            Next page
          </Link>
        </p>
      )}
    </>
  )
}

function nextPage(query: CarrierQuery, cursor: string): string {
  const entries = Object.entries({ ...query, cursor }).filter(([, value]) => value !== undefined)
  return `/carriers?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`
}
