import type { SubscriptionProblem } from '@warren/bus'
import type { Publisher, WatchedSubscription } from '@warren/bus/operate'
import { counted } from '../../counted.ts'
import { showDuration, showTime } from '../../times.ts'

/** How a subscription stands, for people: its state first, then whatever else there is to look at. */
export function inWords({ subscription, proof, status }: WatchedSubscription, nowMs: number): string {
  const { state, sinceMs, missing, problems } = status
  const has = (problem: SubscriptionProblem): boolean => problems.includes(problem)
  const waited = proof.waitingSinceMs === null ? null : showDuration(nowMs - proof.waitingSinceMs)
  const first = {
    retired: `retired ${at(sinceMs)} by ${subscription.retired?.by ?? ''}`,
    unproven: 'keeps no inbox: nothing can be proved of it',
    paused: `paused ${at(sinceMs)} by ${subscription.paused?.by ?? ''}`,
    missing: `missing ${missing}`,
    silent: `silent since ${at(sinceMs)}`,
    lagging: waited === null ? 'behind: the proof stands still' : `lagging: a barrier waits for ${waited}`,
    proven: 'proven',
  }[state]
  const { counts, breaker, ghosts, openMinutes } = proof
  return [
    first,
    ...(has('missing') && state !== 'missing' ? [`missing ${missing}`] : []),
    ...(has('silent') && state !== 'silent' ? [`silent since ${at(subscription.lastSeenMs)}`] : []),
    ...(breaker === null || !has('breaker-open') ? [] : [`breaker open: ${breaker.reason}`]),
    ...(has('ghosts') ? [counted(ghosts, 'ghost')] : []),
    ...(counts.suspect > 0 ? [`${counts.suspect} suspected`] : []),
    ...(counts.waived > 0 ? [`${counts.waived} waived`] : []),
    ...(openMinutes > 0 ? [counted(openMinutes, 'open minute')] : []),
  ].join('; ')
}

/**
 * One sentence on all: that every delivery is proven, or what is not. `isWell`: nobody has to look at anything, which holds for
 * lag, too.
 */
export function summaryOf(
  publishers: readonly Publisher[],
  since: string,
): { readonly isWell: boolean; readonly text: string } {
  const troubles: string[] = []
  for (const { label, service, isReconciling } of publishers) {
    if (!isReconciling)
      troubles.push(
        `nobody reconciles ${label}: no process of the service "${service}" does, so nobody listens or asks`,
      )
  }
  const watched = publishers.flatMap(({ subscriptions }) => subscriptions)
  const active = watched.filter(({ subscription }) => subscription.retired === null)
  const names = (which: readonly WatchedSubscription[]): string =>
    which.map((each) => each.subscription.name).join(', ')
  const withProblem = (problem: SubscriptionProblem): readonly WatchedSubscription[] =>
    active.filter(({ status }) => status.problems.includes(problem))
  const sum = (which: readonly WatchedSubscription[], count: (each: WatchedSubscription) => number): number =>
    which.reduce((total, each) => total + count(each), 0)

  const missing = withProblem('missing')
  if (missing.length > 0) {
    const count = sum(missing, ({ status }) => status.missing)
    troubles.push(`${number(count)} ${count === 1 ? 'event is' : 'events are'} missing at ${names(missing)}`)
  }
  const ghosts = withProblem('ghosts')
  if (ghosts.length > 0)
    troubles.push(
      `${counted(
        sum(ghosts, ({ proof }) => proof.ghosts),
        'ghost',
      )} at ${names(ghosts)}`,
    )
  const silent = withProblem('silent')
  if (silent.length > 0) troubles.push(`nothing is heard of ${names(silent)}`)
  const broken = withProblem('breaker-open')
  if (broken.length > 0) troubles.push(`the breaker of ${names(broken)} is open: nothing is resent there`)
  if (troubles.length > 0) return { isWell: false, text: sentence(troubles) }

  const provable = active.filter(({ status }) => status.state !== 'unproven')
  if (provable.length === 0) {
    const text =
      active.length === 0
        ? 'no subscription has announced itself: nothing is expected anywhere'
        : 'nothing can be proved'
    return { isWell: true, text: sentence([text, ...unsentOf(publishers)]) }
  }
  const lagging = provable.filter(({ status }) => status.state === 'lagging')
  const paused = provable.filter(({ status }) => status.state === 'paused')
  const throughMs = Math.min(...provable.map(({ proof }) => proof.throughMs))
  const deliveries = sum(provable, ({ compared }) => compared)
  const proven = `all ${number(deliveries)} ${deliveries === 1 ? 'delivery' : 'deliveries'} of the last ${since}`
  const at = `at ${provable.length - lagging.length - paused.length} of ${provable.length} ${provable.length === 1 ? 'subscription' : 'subscriptions'}`
  const behind = [
    ...(lagging.length === 0 ? [] : [`${names(lagging)} ${lagging.length === 1 ? 'lags' : 'lag'}`]),
    ...(paused.length === 0 ? [] : [`${names(paused)} ${paused.length === 1 ? 'is' : 'are'} paused`]),
    `up to ${showTime(new Date(throughMs))}`,
  ].join(', ')
  return { isWell: true, text: sentence([`${proven} are proven ${at}, ${behind}`, ...unsentOf(publishers)]) }
}

function unsentOf(publishers: readonly Publisher[]): readonly string[] {
  const unsent = publishers.reduce((total, each) => total + each.unsent, 0)
  return unsent === 0 ? [] : [`${number(unsent)} ${unsent === 1 ? 'event waits' : 'events wait'} to be sent`]
}

function sentence(parts: readonly string[]): string {
  const text = parts.join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function number(count: number): string {
  return count.toLocaleString('en')
}

function at(timeMs: number | null): string {
  return timeMs === null ? '' : showTime(new Date(timeMs))
}
