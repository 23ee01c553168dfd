import Link from 'next/link'
import { AssignLoads } from '../../../components/assign-loads.tsx'
import { DeleteCarrier } from '../../../components/delete-carrier.tsx'
import { type RecordColumn, RecordTable } from '../../../components/record-table.tsx'
import type { CarrierDetails } from '../../../src/schemas.ts'
import { carrierOfPage } from '../../page-data.ts'

interface Props {
  readonly params: Promise<{ id: string }>
}

export async function generateMetadata({ params }: Props) {
  return { title: (await carrierOfPage(params)).name }
}

export default async function CarrierPage({ params }: Props) {
  const carrier = await carrierOfPage(params)
  return (
    <>
      <div className="row spread">
        <h1>{carrier.name}</h1>
        <div className="row">
          <Link className="button plain" href={`/carriers/${carrier.id}/edit`}>
            Edit
          </Link>
          <DeleteCarrier id={carrier.id} name={carrier.name} version={carrier.version} />
        </div>
      </div>
      <section className="panel" aria-label="Facts">
        <dl className="facts">
          <Fact term="MC number" value={carrier.mcNumber} />
          <Fact term="USDOT number" value={carrier.usdotNumber} />
          <Fact term="Home state" value={carrier.homeState} />
          <Fact term="Power units" value={carrier.powerUnits} />
        </dl>
      </section>
      <Contacts carrier={carrier} />
      <Policies carrier={carrier} />
      <Loads carrier={carrier} />
    </>
  )
}

function Fact({ term, value }: { term: string; value: string | number | null }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}

type Contact = CarrierDetails['contacts'][number]
type Policy = CarrierDetails['insurancePolicies'][number]
type Load = CarrierDetails['loads'][number]

const CONTACT_COLUMNS: readonly RecordColumn<Contact>[] = [
  {
    label: 'Name',
    cell: ({ fullName, isPrimary }) => (
      <>
        {fullName} {isPrimary && <span className="status">primary</span>}
      </>
    ),
  },
  { label: 'Title', cell: ({ title }) => title ?? '–' },
  { label: 'Phone', cell: ({ phone }) => (phone ? <a href={`tel:${phone}`}>{phone}</a> : '–') },
  {
    label: 'E-mail',
    cell: ({ email }) => (email ? <a href={`mailto:${email}`}>{email}</a> : '–'),
  },
]

function Contacts({ carrier: { contacts } }: { carrier: CarrierDetails }) {
  return (
    <section aria-labelledby="contacts">
      <h2 id="contacts">Contacts</h2>
      <RecordTable
        columns={CONTACT_COLUMNS}
        rows={contacts}
        empty={<p className="muted">No contacts.</p>}
      />
    </section>
  )
}

function policyColumns(today: string): readonly RecordColumn<Policy>[] {
  const isExpired = ({ expiresOn }: Policy) => expiresOn < today
  return [
    { label: 'Kind', cell: ({ kind }) => words(kind) },
    { label: 'Insurer', cell: ({ insurer }) => insurer },
    { label: 'Policy', cell: ({ policyNumber }) => policyNumber },
    { label: 'Coverage', numeric: true, cell: ({ coverageAmount }) => dollars(coverageAmount) },
    {
      label: 'Valid',
      cell: (policy) => `${isExpired(policy) ? 'expired on' : 'until'} ${policy.expiresOn}`,
      cellClass: (policy) => (isExpired(policy) ? 'expired' : 'valid'),
    },
  ]
}

function Policies({ carrier: { insurancePolicies } }: { carrier: CarrierDetails }) {
  const today = new Date().toISOString().slice(0, 10)
  return (
    <section aria-labelledby="policies">
      <h2 id="policies">Insurance policies</h2>
      <RecordTable
        columns={policyColumns(today)}
        rows={insurancePolicies}
        empty={<p className="muted">No policies.</p>}
      />
    </section>
  )
}

const LOAD_COLUMNS: readonly RecordColumn<Load>[] = [
  { label: 'Reference', cell: ({ reference }) => reference },
  { label: 'Status', cell: ({ status }) => <span className="status">{words(status)}</span> },
  {
    label: 'From',
    cell: (load) => `${load.pickupCity}, ${load.pickupState} · ${load.pickupAt.slice(0, 10)}`,
  },
  {
    label: 'To',
    cell: (load) => `${load.deliveryCity}, ${load.deliveryState} · ${load.deliveryAt.slice(0, 10)}`,
  },
  { label: 'Rate', numeric: true, cell: ({ rate }) => dollars(rate) },
]

function Loads({ carrier: { id, loads } }: { carrier: CarrierDetails }) {
  return (
    <section aria-labelledby="loads">
      <h2 id="loads">Loads</h2>
      <AssignLoads id={id} />
      <RecordTable columns={LOAD_COLUMNS} rows={loads} empty={<p className="muted">No loads.</p>} />
    </section>
  )
}

/** `AUTO_LIABILITY` as "auto liability". */
function words(name: string): string {
  return name.toLowerCase().replaceAll('_', ' ')
}

function dollars(amount: string): string {
  return Number(amount).toLocaleString('en-US', { style: 'currency', currency: 'USD' })
}
