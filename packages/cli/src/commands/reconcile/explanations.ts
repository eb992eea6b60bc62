import type { Cause } from '@warren/bus'
import type { Delivery } from '@warren/bus/operate'

const causes: Readonly<Record<Cause, string>> = {
  'never-routed': 'never-routed: a binding was absent, so that the broker had nowhere to put it',
  'queue-recreated': 'queue-recreated: the queue was deleted and made anew, without what was in it',
  'dead-lettered': 'dead-lettered: the broker gave up on it, and it waits in the dead letter queue',
  'store-rewound': 'store-rewound: the database of the subscriber was set back to before it was received',
  removed: 'removed: the queue stood and had it; it was purged, expired, or taken by another consumer',
  'node-lost': 'node-lost: a node that held the queue was lost',
  unknown: 'unknown: nobody watched the broker at that time',
}

export function causeInWords(cause: Cause): string {
  return causes[cause]
}

const states: Readonly<Record<Delivery['state'], string>> = {
  handled: 'its handler has committed',
  retrying: 'received; its handler failed and is tried again',
  parked: 'received; its handler failed for good, and a person decides',
  discarded: 'received; a person decided that it will not be handled',
  received: 'received, as the subscription has proved; its store tells what the handler made of it',
  suspect: 'one barrier came back without it; the next one confirms that or not',
  missing: 'it did not arrive, and is to be resent to this subscription alone',
  'gave-up': 'it was resent as often as the settings allow, and did not arrive',
  recovered: 'it was missing, and has arrived since',
  waived: 'it was missing when the subscription was retired',
  'in-flight': 'sent; no barrier behind it was answered yet',
  unsent: 'it waits in the outbox of its publisher',
  'no-inbox': 'sent; the subscription keeps no inbox, so that nobody can say more',
  'not-compared': 'sent, and not asked for',
  'not-expected': 'not expected here',
  'not-registered': 'the publisher has not heard of this subscription, and nothing was received',
}

/** What a state means for this delivery. */
export function stateInWords({ state, interest, missed }: Delivery): string {
  if (state === 'not-expected')
    return interest === 'no-pattern'
      ? 'its patterns at that time do not match the event'
      : 'it did not listen at that time'
  if (state === 'not-compared')
    return interest === 'near-change'
      ? 'its patterns changed within some seconds of the event, which may have come or not'
      : 'the subscription was retired before it was compared'
  // Its store is ahead of what the publisher has asked.
  if (missed?.state === 'missing' && state !== 'missing')
    return `${states[state]}; the next barrier will tell the publisher`
  const holder = missed?.heldBy ?? null
  if (state === 'missing' && holder !== null)
    return `it did not arrive, and is not resent by itself, because of the watch "${holder}"; a resend by hand is`
  return states[state]
}
