/** Of LeaseStore: whose holder reconciles. */
export const RECONCILER_LEASE_GROUP = 'reconciler'
