import { setTimeout as delay } from 'node:timers/promises'
import { openShop } from '../demo/shop.ts'
import type { Shop } from '../demo/shop.ts'
import { readTruth } from '../demo/truth.ts'
import { openStore } from '../services/store.ts'
import { deleteQueue, forget, purge, rewind, rob, unbind } from './acts.ts'
import type { ProveOptions } from './options.ts'
import type { ProofReport } from './report.ts'
import { settings } from './settings.ts'
import { Stage, wanted } from './stage.ts'
import type { SubscriptionName } from './stage.ts'
import { openTaps } from './taps.ts'
import { judge } from './verdict.ts'
import type { Fault, Reported } from './verdict.ts'

const NODE_AWAY_MS = 5_000
const GHOSTS = 50

/** The whole proof: half of the events, the acts, the other half, and the verdict. What it starts is gone when it settles. */
export async function runProof(
  options: ProveOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ProofReport> {
  const startedAtMs = performance.now()
  const { events, store } = options
  await using shop = await openShop(
    {
      nodes: 3,
      endpoints: undefined,
      databaseUrl: undefined,
      failPercent: 1,
      holdMs: 0,
      sabotage: null,
      store,
      reconcile: settings,
      isBulk: true,
      isWatched: true,
    },
    say,
    signal,
  )
  const subscriptions = Object.keys(wanted) as readonly SubscriptionName[]
  await using taps = await openTaps(shop.broker.endpoints[0] ?? '', subscriptions)
  const stage = await Stage.open(shop)
  const played = play(stage, events, say)
  const { faults, ghostIds } = await Promise.race([played, rejectOn(signal)])
  const resent = taps.resent()
  const reported = await reportedBy(shop)
  const ghosts = await ghostsReportedBy(shop)
  await stage.close()

  for (const service of shop.services) await service.stop()
  const truth = await readTruth(shop.readers)
  const expectedGhosts = new Set(ghostIds)
  return {
    events: stage.published,
    verdict: judge(faults, reported, resent),
    ghosts: {
      expected: ghostIds.length,
      reported: ghosts.length,
      areTheSame: ghosts.length === ghostIds.length && ghosts.every((id) => expectedGhosts.has(id)),
    },
    truth,
    nodeKills: 1,
    stores: store,
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
  }
}

async function play(
  stage: Stage,
  events: number,
  say: (line: string) => void,
): Promise<{ readonly faults: readonly Fault[]; readonly ghostIds: readonly string[] }> {
  const percent = Math.round(events / 100)
  const publishUntil = (total: number) => stage.place(Math.ceil((total - stage.published) / 3), 'delivered')
  await stage.changePrices(5)
  await stage.place(5, 'delivered')
  await stage.proven()
  say('every subscription is proven; now the first half of the events, and a node is killed')
  await Promise.all([publishUntil(events * 0.45), killNode(stage, say)])

  const acts = [
    purge('order.crm', percent),
    rob('order.warehouse', Math.round(percent / 2)),
    unbind('viporder.loyalty', { exchange: 'ex.order.topic', pattern: 'order.viporder.#' }, Math.round(percent / 2)),
    deleteQueue('order.crm', Math.round(percent / 2)),
    rewind('order.warehouse', Math.round(percent / 2)),
  ]
  const faults: Fault[] = []
  for (const act of acts) {
    const fault = await act(stage)
    faults.push(fault)
    say(`${fault.kind}: ${fault.ids.length} events taken from ${fault.subscription}`)
    await stage.proven()
    say(`${fault.subscription} is proven again`)
  }
  const ghostIds = await forget(stage, GHOSTS)
  say(`ledger of products set back: ${ghostIds.length} events are known to their subscriber alone`)
  // The ledgers are to have as many in the end.
  await publishUntil(events + GHOSTS)
  say('the second half is placed; waiting for the proof')
  await stage.proven()
  await untilGhosts(stage, ghostIds.length)
  return { faults, ghostIds }
}

async function killNode(stage: Stage, say: (line: string) => void): Promise<void> {
  const { cluster } = stage.shop.broker
  // Not the first: the proof's own connections are there.
  const node = cluster?.nodes.at(-1)
  if (cluster == null || node === undefined) return
  await delay(NODE_AWAY_MS)
  say(`kill -9 of node ${node.name}`)
  await cluster.kill(node.name)
  await delay(NODE_AWAY_MS)
  await cluster.start(node.name)
  say(`node ${node.name} is back`)
}

async function untilGhosts(stage: Stage, count: number): Promise<void> {
  await stage.until(`${count} ghosts are reported`, async () => (await ghostsReportedBy(stage.shop)).length >= count)
}

async function reportedBy(shop: Shop): Promise<readonly Reported[]> {
  const reported: Reported[] = []
  for (const publisher of ['orders', 'products'] as const) {
    const store = openStore(shop.databases.urls[publisher])
    await store.start()
    try {
      reported.push(...(await store.reconciliation.missing.list({ limit: 10_000_000 })))
    } finally {
      await store.stop()
    }
  }
  return reported
}

async function ghostsReportedBy(shop: Shop): Promise<readonly string[]> {
  const store = openStore(shop.databases.urls.products)
  await store.start()
  try {
    return (await store.reconciliation.missing.ghosts({ limit: 1_000_000 })).map(({ id }) => id)
  } finally {
    await store.stop()
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
  })
}
