/** What there is to look for in the stores, drawn at random. */
export interface Sample {
  /** Of events all over the ledger. */
  readonly ids: readonly string[]
  /** Of events that failed at `order.crm`, and their causes. */
  readonly failures: readonly { readonly id: string; readonly fingerprint: string; readonly entityId: string }[]
  /** Times all over the ledger, in ISO 8601. */
  readonly times: readonly string[]
  readonly rareName: string
  readonly commonName: string
}

/** Of one operation, what is asked of it in round n. */
type Question = (n: number) => string

/**
 * What people ask, of every operation that reads: what the page shows first, what is found at once, what is seldom, what
 * is nowhere, and pages far down. Those of a cluster are asked of the one that the benchmarks have.
 */
export function readsOf({
  ids,
  failures,
  times,
  rareName,
  commonName,
}: Sample): Readonly<Record<string, readonly Question[]>> {
  const at = <Value>(values: readonly Value[], n: number): Value => {
    const value = values[n % values.length]
    if (value === undefined) throw new Error('nothing was drawn')
    return value
  }
  const id: Question = (n) => at(ids, n)
  const failure = (n: number) => at(failures, n)
  const time: Question = (n) => at(times, n)
  const sent = '/api/messages/sent'
  const received = '/api/messages/received'
  const asked = (path: string, ...queries: readonly (Question | string)[]): readonly Question[] =>
    queries.map((query) => (n) => path + (typeof query === 'string' ? query : query(n)))
  const cluster = '/api/clusters/bench'
  return {
    '/api/overview': asked('/api/overview', ''),
    '/api/openapi.json': asked('/api/openapi.json', ''),
    '/api/session': asked('/api/session', ''),
    '/api/charts': asked('/api/charts', '?range=15m', '?range=24h'),
    '/api/subscriptions': asked('/api/subscriptions', ''),
    '/api/subscriptions/{name}': asked('/api/subscriptions', '/order.crm', '/order.mail', '/order.warehouse'),
    '/api/subscriptions/{name}/charts': asked('/api/subscriptions/order.crm/charts', '?range=1h', '?range=24h'),
    '/api/subscriptions/{name}/consumers': asked('/api/subscriptions/order.crm/consumers', ''),
    '/api/subscriptions/{name}/backfills': asked('/api/subscriptions/order.crm/backfills', ''),
    '/api/subscriptions/{name}/backfills/offer': asked(
      '/api/subscriptions/order.crm/backfills/offer',
      (n) => `?since=${time(n)}&until=${new Date(Date.parse(time(n)) + 3_600_000).toISOString()}`,
    ),
    [sent]: asked(
      sent,
      '',
      '?limit=200',
      (n) => `?before=${id(n)}`,
      `?name=${commonName}`,
      `?name=${rareName}`,
      '?name=order.never.onSeen',
      (n) => `?name=${rareName}&before=${id(n)}`,
      (n) => `?name=${commonName}&since=${time(n)}`,
      (n) => `?entityId=${failure(n).entityId}`,
      '?entityId=o-none',
      (n) => `?entityId=${failure(n).entityId}&name=${rareName}`,
      '?state=unroutable',
      '?state=pending',
      '?state=sent',
      (n) => `?until=${time(n)}`,
      (n) => `?since=${time(n)}&until=${time(n)}`,
    ),
    [received]: asked(
      received,
      '',
      '?limit=200',
      (n) => `?before=${id(n)}`,
      '?subscription=order.crm',
      (n) => `?subscription=order.mail&before=${id(n)}`,
      `?name=${commonName}`,
      `?name=${rareName}`,
      `?name=${rareName}&subscription=order.crm`,
      '?name=order.never.onSeen',
      '?status=parked',
      '?status=retrying',
      '?status=discarded',
      '?status=handled',
      `?status=parked&name=${rareName}`,
      (n) => `?status=retrying&before=${id(n)}`,
      (n) => `?until=${time(n)}`,
    ),
    '/api/messages/{id}': [
      ...asked('/api/messages/', id, id, id, (n) => failure(n).id),
      () => `/api/messages/${unknownId}`,
    ],
    '/api/failures/groups': asked(
      '/api/failures/groups',
      '',
      '?subscription=order.crm',
      '?state=retrying',
      `?name=${rareName}`,
      (n) => `?since=${time(n)}`,
    ),
    '/api/failures': asked(
      '/api/failures',
      '',
      '?limit=200',
      (n) => `?before=${id(n)}`,
      '?subscription=order.crm&state=parked',
      '?subscription=order.mail&state=retrying',
      (n) => `?subscription=order.crm&fingerprint=${failure(n).fingerprint}`,
      (n) => `?subscription=order.crm&fingerprint=${failure(n).fingerprint}&before=${failure(n).id}`,
      '?fingerprint=000000000000',
      (n) => `?entityId=${failure(n).entityId}`,
      `?name=${rareName}`,
      '?name=order.never.onSeen',
      (n) => `?since=${time(n)}`,
      (n) => `?until=${time(n)}`,
    ),
    '/api/failures/blocked': asked('/api/failures/blocked', ''),
    '/api/failures/{subscription}/{id}': asked('/api/failures/order.crm/', (n) => failure(n).id),
    '/api/events': asked('/api/events', ''),
    '/api/events/{name}': asked(`/api/events/${commonName}`, ''),
    '/api/events/match': asked('/api/events/match', '?pattern=order.%23'),
    '/api/activity/groups': asked('/api/activity/groups', '', '?limit=200', '?actor=rabbitmq:anna'),
    '/api/bulk-actions': asked('/api/bulk-actions', ''),
    '/api/failures/trends': asked('/api/failures/trends', ''),
    '/api/watches': asked('/api/watches', ''),
    '/api/watches/{name}': asked('/api/watches', '/sale'),
    '/api/activity': asked('/api/activity', '', '?limit=200', '?subscription=order.crm'),
    '/api/clusters': asked('/api/clusters', ''),
    '/api/clusters/{name}': asked(cluster, ''),
    '/api/clusters/{name}/actions': asked(`${cluster}/actions`, ''),
    '/api/clusters/{name}/connections': asked(`${cluster}/connections`, ''),
    '/api/clusters/{name}/definitions': asked(`${cluster}/definitions`, ''),
    '/api/clusters/{name}/graph': asked(`${cluster}/graph`, ''),
    '/api/clusters/{name}/leaders': asked(`${cluster}/leaders`, ''),
    '/api/clusters/{name}/policies': asked(`${cluster}/policies`, ''),
    '/api/clusters/{name}/queue': asked(`${cluster}/queue`, '?queue=bench.page'),
    '/api/clusters/{name}/queues': asked(`${cluster}/queues`, ''),
    '/metrics': asked('/metrics', ''),
  }
}

const unknownId = '0197c2f0-5a1e-7b34-9f00-000000000000'
