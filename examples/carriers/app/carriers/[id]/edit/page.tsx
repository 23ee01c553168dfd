import { CarrierForm } from '../../../../components/carrier-form.tsx'
import { carrierOfPage } from '../../../page-data.ts'

export const metadata = { title: 'Edit carrier' }

export default async function EditCarrier({ params }: { params: Promise<{ id: string }> }) {
  const {
    contacts: _contacts,
    insurancePolicies: _policies,
    loads: _loads,
    ...carrier
  } = await carrierOfPage(params)
  return (
    <>
      <h1>Edit {carrier.name}</h1>
      <CarrierForm carrier={carrier} />
    </>
  )
}
