import { PolicyForm } from '../../../../../components/part-forms.tsx'
import { carrierOfPage } from '../../../../page-data.ts'

export const metadata = { title: 'Add a policy' }

export default async function NewPolicy({ params }: { params: Promise<{ id: string }> }) {
  const { id, version, name } = await carrierOfPage(params)
  return (
    <>
      <h1>Add a policy to {name}</h1>
      <PolicyForm carrier={{ id, version }} />
    </>
  )
}
