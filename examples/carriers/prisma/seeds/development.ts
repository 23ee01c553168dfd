import { defineSeed } from 'slipway'
import { carriers, contacts, loads, policies } from './_fleet.ts'

// A full set for development.
export default defineSeed({
  version: 1,
  environments: ['development'],
  tables: {
    Carrier: { key: ['mcNumber'], rows: () => carriers(600) },
    Contact: { key: ['carrierId', 'fullName'], mode: 'own', rows: () => contacts(600) },
    InsurancePolicy: { key: ['insurer', 'policyNumber'], mode: 'own', rows: () => policies(600) },
    Load: { key: ['reference'], mode: 'own', rows: () => loads(2400, 600) },
  },
})
