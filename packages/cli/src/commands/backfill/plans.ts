import type { BackfillQuestion } from '@warren/bus'
import { offerBackfill } from '@warren/bus/operate'
import type { BackfillOffer, NamedStore } from '@warren/bus/operate'
import { CliError } from '../../errors.ts'

type Offer = Extract<BackfillOffer, { readonly kind: 'offer' }>

/** What each publisher's store would send. Throws SUBSCRIPTION_UNKNOWN, BACKFILL_REFUSED, and what offerBackfill() throws. */
export async function planBackfills(stores: readonly NamedStore[], question: BackfillQuestion): Promise<Offer> {
  const offer = await offerBackfill(stores, question)
  if (offer.kind === 'offer') return offer
  throw refused(question.subscription, offer)
}

function refused(subscription: string, offer: Exclude<BackfillOffer, Offer>): CliError {
  if (offer.kind === 'retired')
    return new CliError('BACKFILL_REFUSED', `the subscription "${subscription}" is retired: it takes nothing any more`)
  if (offer.kind === 'no-inbox') {
    return new CliError(
      'BACKFILL_REFUSED',
      `the subscription "${subscription}" keeps no inbox: what it has had it would handle again`,
    )
  }
  const { known, suggestion } = offer
  const advice =
    suggestion !== null
      ? `did you mean "${suggestion}"?`
      : known.length > 0
        ? `they know ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`
        : 'name the store of the service that publishes the events, with --store'
  return new CliError('SUBSCRIPTION_UNKNOWN', `these stores know no subscription "${subscription}"; ${advice}`)
}
