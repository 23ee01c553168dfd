import Link from 'next/link'
import { CarrierFilter } from '../../components/carrier-filter.tsx'
import { type RecordColumn, RecordTable } from '../../components/record-table.tsx'
import { isCursorOf, listCarriers } from '../../src/carriers.ts'
import { carrierQuery, type CarrierPage, type CarrierQuery } from '../../src/schemas.ts'
import { readForPage } from '../page-data.ts'

export const metadata = { title: 'All carriers' }

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | string[] | undefined>>>
}

const CARRIER_COLUMNS: readonly RecordColumn<CarrierPage['items'][number]>[] = [
  { label: 'Name', cell: ({ id, name }) => <Link href={`/carriers/${id}`}>{name}</Link> },
  { label: 'MC number', cell: ({ mcNumber }) => mcNumber ?? '–' },
  { label: 'USDOT', cell: ({ usdotNumber }) => usdotNumber ?? '–' },
  { label: 'State', cell: ({ homeState }) => homeState ?? '–' },
  { label: 'Power units', numeric: true, cell: ({ powerUnits }) => powerUnits ?? '–' },
]

export default async function Carriers({ searchParams }: Props) {
  const query = readQuery(await searchParams)
  const page = await readForPage((prisma) => listCarriers(prisma, query))
  return (
    <>
      <div className="row spread">
        <h1>Carriers</h1>
        <Link className="button" href="/carriers/new">
          New carrier
        </Link>
      </div>
      <CarrierFilter query={query} />
      <RecordTable
        columns={CARRIER_COLUMNS}
        rows={page.items}
        caption={captionOf(page, query)}
        empty={<Empty query={query} />}
      />
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

/** An invalid query, perhaps from an old bookmark, shows all carriers. */
function readQuery(given: Readonly<Record<string, string | string[] | undefined>>): CarrierQuery {
  const entries = Object.entries(given).filter(([, value]) => value !== '')
  const parsed = carrierQuery.safeParse(Object.fromEntries(entries))
  if (!parsed.success) return carrierQuery.parse({})
  const { cursor, ...query } = parsed.data
  return cursor !== undefined && isCursorOf(cursor, query.sort) ? parsed.data : query
}

function captionOf({ items, nextCursor }: CarrierPage, { cursor }: CarrierQuery): string {
  const count = items.length === 1 ? '1 carrier' : `${items.length} carriers`
  return `${count}${cursor ? ', continued' : ''}${nextCursor ? ', more on the next page' : ''}`
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

function nextPage(query: CarrierQuery, cursor: string): string {
  const entries = Object.entries({ ...query, cursor }).filter(([, value]) => value !== undefined)
  return `/carriers?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`
}
