import { DeleteRecord } from '../../../../../components/delete-record.tsx'
import { PolicyForm } from '../../../../../components/part-forms.tsx'
import { recordOfPage } from '../../../../page-data.ts'

export const metadata = { title: 'Edit a policy' }

interface Props {
  readonly params: Promise<{ id: string; recordId: string }>
}

export default async function EditPolicy({ params }: Props) {
  const { carrier, record } = await recordOfPage(params, 'insurancePolicies')
  const { id, version } = carrier
  return (
    <>
      <div className="row spread">
        <h1>
          Edit {record.policyNumber} of {carrier.name}
        </h1>
        <DeleteRecord
          path={`/api/carriers/${id}/insurance-policies/${record.id}`}
          version={version}
          name={record.policyNumber}
          consequence="The carrier stays as it is otherwise."
          confirm="Delete the policy"
          next={`/carriers/${id}`}
        />
      </div>
      <PolicyForm carrier={{ id, version }} policy={record} />
    </>
  )
}
