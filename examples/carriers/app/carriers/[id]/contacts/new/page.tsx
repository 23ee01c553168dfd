import { ContactForm } from '../../../../../components/part-forms.tsx'
import { carrierOfPage } from '../../../../page-data.ts'

export const metadata = { title: 'Add a contact' }

export default async function NewContact({ params }: { params: Promise<{ id: string }> }) {
  const { id, version, name } = await carrierOfPage(params)
  return (
    <>
      <h1>Add a contact to {name}</h1>
      <ContactForm carrier={{ id, version }} />
    </>
  )
}
