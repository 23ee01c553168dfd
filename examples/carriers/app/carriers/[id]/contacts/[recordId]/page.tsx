import { DeleteRecord } from '../../../../../components/delete-record.tsx'
import { ContactForm } from '../../../../../components/part-forms.tsx'
import { recordOfPage } from '../../../../page-data.ts'

export const metadata = { title: 'Edit a contact' }

interface Props {
  readonly params: Promise<{ id: string; recordId: string }>
}

export default async function EditContact({ params }: Props) {
  const { carrier, record } = await recordOfPage(params, 'contacts')
  const { id, version } = carrier
  return (
    <>
      <div className="row spread">
        <h1>
          Edit {record.fullName} of {carrier.name}
        </h1>
        <DeleteRecord
          path={`/api/carriers/${id}/contacts/${record.id}`}
          version={version}
          name={record.fullName}
          consequence="The carrier stays as it is otherwise."
          confirm="Delete the contact"
          next={`/carriers/${id}`}
        />
      </div>
      <ContactForm carrier={{ id, version }} contact={record} />
    </>
  )
}
