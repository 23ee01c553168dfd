import Link from 'next/link'
import { AssignLoads } from '../../../components/assign-loads.tsx'
import { DeleteCarrier } from '../../../components/delete-carrier.tsx'
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

function Contacts({ carrier: { contacts } }: { carrier: CarrierDetails }) {
  return (
    <section aria-labelledby="contacts">
      <h2 id="contacts">Contacts</h2>
      {contacts.length === 0 && <p className="muted">No contacts.</p>}
      {contacts.length > 0 && (
        <table className="stack">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Title</th>
              <th scope="col">Phone</th>
              <th scope="col">E-mail</th>
            </tr>
          </thead>
          <tbody>
            {contacts.map((contact) => (
              <tr key={contact.id}>
                <td data-label="Name">
                  {contact.fullName} {contact.isPrimary && <span className="status">primary</span>}
                </td>
                <td data-label="Title">{contact.title ?? '–'}</td>
                <td data-label="Phone">
                  {contact.phone ? <a href={`tel:${contact.phone}`}>{contact.phone}</a> : '–'}
                </td>
                <td data-label="E-mail">
                  {contact.email ? <a href={`mailto:${contact.email}`}>{contact.email}</a> : '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Policies({ carrier: { insurancePolicies } }: { carrier: CarrierDetails }) {
  const today = new Date().toISOString().slice(0, 10)
  return (
    <section aria-labelledby="policies">
      <h2 id="policies">Insurance policies</h2>
      {insurancePolicies.length === 0 && <p className="muted">No policies.</p>}
      {insurancePolicies.length > 0 && (
        <table className="stack">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Insurer</th>
              <th scope="col">Policy</th>
              <th scope="col" className="number">
                Coverage
              </th>
              <th scope="col">Valid</th>
            </tr>
          </thead>
          <tbody>
            {insurancePolicies.map((policy) => (
              <tr key={policy.id}>
                <td data-label="Kind">{words(policy.kind)}</td>
                <td data-label="Insurer">{policy.insurer}</td>
                <td data-label="Policy">{policy.policyNumber}</td>
                <td data-label="Coverage" className="number">
                  {dollars(policy.coverageAmount)}
                </td>
                <td data-label="Valid" className={policy.expiresOn < today ? 'expired' : 'valid'}>
                  {policy.expiresOn < today ? 'expired on' : 'until'} {policy.expiresOn}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Loads({ carrier: { id, loads } }: { carrier: CarrierDetails }) {
  return (
    <section aria-labelledby="loads">
      <h2 id="loads">Loads</h2>
      <AssignLoads id={id} />
      {loads.length === 0 && <p className="muted">No loads.</p>}
      {loads.length > 0 && (
        <table className="stack">
          <thead>
            <tr>
              <th scope="col">Reference</th>
              <th scope="col">Status</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" className="number">
                Rate
              </th>
            </tr>
          </thead>
          <tbody>
            {loads.map((load) => (
              <tr key={load.id}>
                <td data-label="Reference">{load.reference}</td>
                <td data-label="Status">
                  <span className="status">{words(load.status)}</span>
                </td>
                <td data-label="From">
                  {load.pickupCity}, {load.pickupState} · {load.pickupAt.slice(0, 10)}
                </td>
                <td data-label="To">
                  {load.deliveryCity}, {load.deliveryState} · {load.deliveryAt.slice(0, 10)}
                </td>
                <td data-label="Rate" className="number">
                  {dollars(load.rate)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
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
