import { defineSeed } from 'slipway'
import { carriers, contacts, loads, policies } from './_fleet.ts'

// A subset of the same carriers for tests.
export default defineSeed({
  version: 1,
  environments: ['testing'],
  tables: {
    Carrier: { key: ['mcNumber'], rows: () => carriers(25) },
    Contact: { key: ['carrierId', 'fullName'], mode: 'own', rows: () => contacts(25) },
    InsurancePolicy: { key: ['insurer', 'policyNumber'], mode: 'own', rows: () => policies(25) },
    Load: { key: ['reference'], mode: 'own', rows: () => loads(60, 25) },
  },
})
