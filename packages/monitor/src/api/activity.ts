import type { ActionEntry, ActionFilter } from '@warren/bus'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { clusterEntry } from '../clusters/action-log.ts'
import { MonitorError } from '../errors.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { chosenStores, moment, time } from '../reads/pages.ts'
import { defined } from './messages.ts'
import { addRoute } from './route.ts'

const action = z.object({
  store: z.string(),
  id: z.string(),
  at: time,
  actor: z.string(),
  action: z.string(),
  subscription: z.string().nullable(),
  messageId: z.string().nullable(),
  cluster: z
    .object({ name: z.string(), vhost: z.string(), about: z.array(z.string()), outcome: z.string() })
    .nullable()
    .meta({ description: 'of what was done to a cluster: to which queues, and what came of it' }),
  watch: z.string().nullable().meta({ description: 'that was saved or removed' }),
})

export type ActionRow = z.infer<typeof action>

const watchEntry = z.object({ watch: z.string() })

const group = action.extend({
  from: z.string().meta({ description: 'the id of the oldest entry of it; `id` is the newest' }),
  entries: z.number().meta({ description: 'one for each message that it was done to' }),
  isCut: z.boolean().meta({ description: 'there may be more of it, at the beginning of the next page' }),
})

export type ActionGroupRow = z.infer<typeof group>

const entryId = z.string().regex(/^\d{1,18}$/, 'the id of an entry')
const cursor = z.record(z.string(), z.string().regex(/^\d{1,19}$/))

const filters = {
  before: z.string().max(2_000).optional().meta({ description: '`next` of the page before' }),
  actor: z.string().max(600).optional().meta({ description: 'in full, as `token:deploy`' }),
  action: z.string().max(255).optional(),
  since: moment.optional(),
  until: moment.optional(),
  subscription: z.string().max(255).optional(),
  messageId: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
}

interface Asked extends ActionFilter {
  readonly limit: number
}

/** Who did what, of all stores. Payloads that the log keeps stay there: a mask would have to know what each entry holds. */
export function addActivityApi(app: FastifyInstance, { stores }: { readonly stores: readonly NamedStore[] }): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/activity',
    access: 'viewer',
    summary: 'Who did what, newest first, one entry for each message',
    query: z.object({
      ...filters,
      store: z.string().max(200).optional(),
      newest: entryId.optional().meta({ description: 'entries up to this one alone, of one store' }),
      oldest: entryId.optional().meta({ description: 'entries from this one on alone, of one store' }),
    }),
    reply: z.object({ rows: z.array(action), next: z.string().nullable(), unreachable }),
    handle: async ({ query: { store, newest, oldest, before, ...filter } }) => {
      const chosen = chosenStores(stores, store)
      const reached =
        before === undefined && newest !== undefined
          ? Object.fromEntries(chosen.map(({ label }) => [label, String(BigInt(newest) + 1n)]))
          : reachedBy(before)
      const asked = { ...defined(filter), ...(oldest === undefined ? {} : { from: oldest }) }
      return readPartly(chosen, (answering) =>
        readLog(answering, reached, asked, {
          read: (each, more) => each.actions.list(more),
          rowOf: ({ details, at, ...row }) => ({ ...row, at: at.toISOString(), ...aboutOf(details) }),
          lastOf: ({ id }) => id,
          hasMore: () => false,
        }),
      )
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/activity/groups',
    access: 'viewer',
    summary: 'The same, with what was done at once to many messages as one row',
    query: z.object(filters),
    reply: z.object({ rows: z.array(group), next: z.string().nullable(), unreachable }),
    handle: ({ query: { before, ...filter } }) =>
      readPartly(stores, (answering) =>
        readLog(answering, reachedBy(before), defined(filter), {
          read: (each, more) => each.actions.listGroups(more),
          rowOf: ({ details, at, ...row }) => ({ ...row, at: at.toISOString(), ...aboutOf(details) }),
          lastOf: ({ from }) => from,
          hasMore: ({ isCut }) => isCut,
        }),
      ),
  })
}

/**
 * One page of several stores, by time. Each goes on behind its own last entry: times of several say nothing of the order in one. So
 * one that was away goes on where it was when it is back: no entry is left out, and none comes twice.
 */
async function readLog<Entry extends ActionEntry, Row>(
  stores: readonly NamedStore[],
  reached: Readonly<Record<string, string>>,
  filter: Asked,
  how: {
    readonly read: (store: NamedStore['store'], filter: ActionFilter) => Promise<readonly Entry[]>
    readonly rowOf: (entry: StoreRow<Entry>) => Row
    readonly lastOf: (entry: Entry) => string
    readonly hasMore: (entry: Entry) => boolean
  },
): Promise<{ readonly rows: Row[]; readonly next: string | null }> {
  const { limit } = filter
  const pages = await Promise.all(
    stores.map(async ({ label, store }) => {
      const { [label]: before } = reached
      const entries = await how.read(store, {
        ...filter,
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      })
      return entries.map((entry): StoreRow<Entry> => ({ store: label, ...entry }))
    }),
  )
  const all = pages.flat().toSorted((a, b) => b.at.getTime() - a.at.getTime())
  const shown = all.slice(0, limit)
  const next = { ...reached }
  for (const entry of shown) next[entry.store] = least(next[entry.store], how.lastOf(entry))
  const isMore = all.length > limit || shown.some(how.hasMore)
  return {
    rows: shown.map(how.rowOf),
    next: isMore ? Buffer.from(JSON.stringify(next)).toString('base64url') : null,
  }
}

/** What it was done to, when that is no message. */
function aboutOf(details: unknown): Pick<ActionRow, 'cluster' | 'watch'> {
  return { cluster: clusterOf(details), watch: watchEntry.safeParse(details).data?.watch ?? null }
}

/** Queues beyond these are in the log alone. */
const MOST_ABOUT = 20

function clusterOf(details: unknown): ActionRow['cluster'] {
  const parsed = clusterEntry.safeParse(details)
  if (!parsed.success) return null
  const { cluster: name, vhost, about, outcome } = parsed.data
  return { name, vhost, about: about.slice(0, MOST_ABOUT), outcome }
}

function least(before: string | undefined, id: string): string {
  return before === undefined || BigInt(id) < BigInt(before) ? id : before
}

function reachedBy(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {}
  try {
    return cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch {
    throw new MonitorError('REQUEST_INVALID', 400, 'query.before: not what a page before has given as "next"')
  }
}
