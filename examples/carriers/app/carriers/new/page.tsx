import { CarrierForm } from '../../../components/carrier-form.tsx'

export const metadata = { title: 'New carrier' }

export default function NewCarrier() {
  return (
    <>
      <h1>New carrier</h1>
      <CarrierForm />
    </>
  )
}
