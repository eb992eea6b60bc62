import { describe } from 'vitest'

import { Subject } from './conformance/subject.ts'
import type { StoreUnderTest } from './conformance/subject.ts'
import { describeTransactions } from './conformance/transactions.ts'
import { describeSavepoints } from './conformance/savepoints.ts'
import { describeOutbox } from './conformance/outbox.ts'
import { describeInbox } from './conformance/inbox.ts'
import { describeRetries } from './conformance/retries.ts'
import { describeLeases } from './conformance/leases.ts'
import { describeSubscriptions } from './conformance/subscriptions.ts'
import { describeMessages } from './conformance/messages.ts'
import { describeWatches } from './conformance/watches.ts'
import { describeActions } from './conformance/actions.ts'
import { describeDepths } from './conformance/depths.ts'
import { describeFailures } from './conformance/failures.ts'
import { describeAttempts } from './conformance/attempts.ts'
import { describeBulk } from './conformance/bulk.ts'
import { describeFailureTrend } from './conformance/failure-trend.ts'
import { describeSamples } from './conformance/samples.ts'
import { describeProofReads } from './conformance/proof-reads.ts'
import { describeObservations } from './conformance/observations.ts'
import { describeBackfill } from './conformance/backfill.ts'
import { describeCompensation } from './conformance/compensation.ts'
import { describeOrder } from './conformance/order.ts'
import { describeLife } from './conformance/life.ts'
import { describeReconciliation } from './conformance/reconciliation.ts'

/** The contract of store.ts, for every implementation: a file for each part of it. */
export function describeStore(dialect: string, prepare: () => Promise<StoreUnderTest>): void {
  describe(`a ${dialect} store`, () => {
    const subject = new Subject(prepare)
    describeTransactions(subject)
    describeSavepoints(subject)
    describeOutbox(subject)
    describeInbox(subject)
    describeRetries(subject)
    describeLeases(subject)
    describeSubscriptions(subject)
    describeMessages(subject)
    describeDepths(subject)
    describeFailures(subject)
    describeAttempts(subject)
    describeBulk(subject)
    describeFailureTrend(subject)
    describeSamples(subject)
    describeWatches(subject)
    describeActions(subject)
    describeProofReads(subject)
    describeObservations(subject)
    describeBackfill(subject)
    describeCompensation(subject)
    describeOrder(subject)
    describeLife(subject)
    describeReconciliation(subject)
  })
}
