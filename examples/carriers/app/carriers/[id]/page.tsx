import Link from 'next/link'
import { AssignLoads } from '../../../components/assign-loads.tsx'
import { DeleteRecord } from '../../../components/delete-record.tsx'
import { type RecordColumn, RecordTable } from '../../../components/record-table.tsx'
import { words } from '../../../components/words.ts'
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
          <DeleteRecord
            path={`/api/carriers/${carrier.id}`}
            version={carrier.version}
            name={carrier.name}
            consequence="Its contacts and policies are deleted with it. Its loads stay, without a carrier."
            confirm="Delete the carrier"
            next="/carriers"
          />
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

const contactColumns = (path: string): readonly RecordColumn<Contact>[] => [
  {
    label: 'Name',
    cell: ({ id, fullName, isPrimary }) => (
      <>
        <Link href={`${path}/${id}`}>{fullName}</Link>{' '}
        {isPrimary && <span className="status">primary</span>}
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

function Contacts({ carrier: { id, contacts } }: { carrier: CarrierDetails }) {
  const path = `/carriers/${id}/contacts`
  return (
    <section aria-labelledby="contacts">
      <div className="row spread">
        <h2 id="contacts">Contacts</h2>
        <Link className="button plain" href={`${path}/new`}>
          Add a contact
        </Link>
      </div>
      <RecordTable
        columns={contactColumns(path)}
        rows={contacts}
        empty={<p className="muted">No contacts.</p>}
      />
    </section>
  )
}

function policyColumns(path: string, today: string): readonly RecordColumn<Policy>[] {
  const isExpired = ({ expiresOn }: Policy) => expiresOn < today
  return [
    { label: 'Kind', cell: ({ kind }) => words(kind) },
    { label: 'Insurer', cell: ({ insurer }) => insurer },
    {
      label: 'Policy',
      cell: ({ id, policyNumber }) => <Link href={`${path}/${id}`}>{policyNumber}</Link>,
    },
    { label: 'Coverage', numeric: true, cell: ({ coverageAmount }) => dollars(coverageAmount) },
    {
      label: 'Valid',
      cell: (policy) => `${isExpired(policy) ? 'expired on' : 'until'} ${policy.expiresOn}`,
      cellClass: (policy) => (isExpired(policy) ? 'expired' : 'valid'),
    },
  ]
}

function Policies({ carrier: { id, insurancePolicies } }: { carrier: CarrierDetails }) {
  const path = `/carriers/${id}/insurance-policies`
  const today = new Date().toISOString().slice(0, 10)
  return (
    <section aria-labelledby="policies">
      <div className="row spread">
        <h2 id="policies">Insurance policies</h2>
        <Link className="button plain" href={`${path}/new`}>
          Add a policy
        </Link>
      </div>
      <RecordTable
        columns={policyColumns(path, today)}
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

function dollars(amount: string): string {
  return Number(amount).toLocaleString('en-US', { style: 'currency', currency: 'USD' })
}
