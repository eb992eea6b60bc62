import type { BlockedEntity, Catalog, Failure, FailureFilter } from '@warren/bus'
import { actOnFailures, editFailure, findFailure, readStores, versionOf } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import { MonitorError } from '../errors.ts'
import type { Mask } from '../mask.ts'
import type { BulkRunner } from '../reads/bulk-runner.ts'
import { editRow, readEdits } from '../reads/edits.ts'
import { readPartly, unreachable } from '../reads/answering.ts'
import { chosenStores, iso, moment, pageQuery, readPage, time } from '../reads/pages.ts'
import { defined } from './messages.ts'
import { addRoute } from './route.ts'

const condition = {
  subscription: z.string().max(255).optional(),
  name: z.string().max(255).optional(),
  entityId: z.string().max(500).optional(),
  fingerprint: z.string().max(100).optional(),
  state: z.enum(['retrying', 'parked']).optional(),
  since: moment.optional(),
  until: moment.optional(),
}

/** Of a search that no index helps. */
const SEARCHED_ROWS = 50_000
/** Of all causes together. */
const COUNTED_FAILURES = 200_000

const group = z.object({
  store: z.string(),
  subscription: z.string(),
  fingerprint: z.string(),
  type: z.string(),
  message: z.string().meta({ description: 'of the newest failure' }),
  retrying: z.number(),
  parked: z.number(),
  isExact: z.boolean().meta({ description: 'false: it was counted no further, and there may be more' }),
  firstFailedAt: time,
  lastFailedAt: time,
})

const failureRow = z.object({
  store: z.string(),
  subscription: z.string(),
  id: z.string(),
  name: z.string(),
  entityId: z.string(),
  source: z.string(),
  state: z.enum(['retrying', 'parked']),
  attempts: z.number(),
  firstFailedAt: time,
  lastFailedAt: time,
  dueAt: time.nullable(),
  code: z.string(),
  type: z.string(),
  message: z.string(),
  fingerprint: z.string(),
})

const failureReply = failureRow.extend({
  stack: z.string(),
  payload: z.string(),
  encoding: z.enum(['utf8', 'base64']),
  headers: z.record(z.string(), z.string()),
  version: z.string().meta({ description: 'of the payload; sent with a change of it' }),
  isMasked: z.boolean().meta({ description: 'values of the payload are hidden, so that it cannot be changed here' }),
  edits: z.array(editRow).meta({ description: 'what people have changed of it, oldest first' }),
  unreachable,
})

const blocked = z.object({
  store: z.string(),
  subscription: z.string(),
  entity: z.string(),
  entityId: z.string(),
  blocker: z.object({
    kind: z.enum(['parked', 'retrying', 'absent', 'released']),
    id: z.string().nullable(),
    name: z.string().nullable(),
    error: z.string().nullable(),
    sequence: z.number().nullable(),
  }),
  since: time,
  waiting: z.number(),
  firstWaiting: z.object({ id: z.string(), name: z.string(), since: time }),
})

export type FailureGroupRow = z.infer<typeof group>
export type FailureRow = z.infer<typeof failureRow>
export type FailureReply = z.infer<typeof failureReply>
export type BlockedRow = z.infer<typeof blocked>

/** An action on all failures that the conditions hold for: at least one, so that nobody acts on all by leaving them out. */
const actionBody = z
  .object({ store: z.string().max(200).optional(), ...condition, id: z.uuid().optional() })
  .refine(
    ({ store: _store, ...conditions }) => Object.values(conditions).some((value) => value !== undefined),
    'name at least one of subscription, id, name, entityId, fingerprint, state, since, until',
  )

const acted = z.object({ count: z.number().meta({ description: 'how many it is done for' }) })

const actedOnMany = acted.extend({
  left: z.number().meta({ description: 'how many it goes on for: see /api/bulk-actions' }),
  bulk: z.array(z.object({ store: z.string(), id: z.string() })),
})

export interface FailuresApiOptions {
  readonly stores: readonly NamedStore[]
  readonly mask: Mask
  readonly runner: BulkRunner
  /** What a changed payload is checked against. */
  readonly catalog?: Catalog | undefined
}

/** What handlers could not do: by cause, one by one, and what a person decides. */
export function addFailuresApi(app: FastifyInstance, { stores, mask, runner, catalog }: FailuresApiOptions): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/failures/groups',
    access: 'viewer',
    summary: 'Failures by subscription and cause, the most recent first',
    query: z.object({ store: z.string().max(200).optional(), ...condition }),
    reply: z.object({ groups: z.array(group), unreachable }),
    handle: ({ query: { store, ...conditions } }) =>
      readPartly(chosenStores(stores, store), async (answering) => {
        const groups = await readStores(answering, (each) =>
          each.failures.groups(defined(conditions), COUNTED_FAILURES),
        )
        return {
          groups: groups
            .toSorted((a, b) => b.lastFailedAt.getTime() - a.lastFailedAt.getTime())
            .map(({ firstFailedAt, lastFailedAt, ...row }) => ({
              ...row,
              firstFailedAt: firstFailedAt.toISOString(),
              lastFailedAt: lastFailedAt.toISOString(),
            })),
        }
      }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/failures',
    access: 'viewer',
    summary: 'Failures one by one, newest message first',
    query: z.object({ store: z.string().max(200).optional(), ...condition, ...pageQuery }),
    reply: z.object({ rows: z.array(failureRow), next: z.string().nullable(), unreachable }),
    handle: async ({ query: { store, limit, ...conditions } }) => {
      const { before, subscription, fingerprint, entityId, name, state, since, until } = conditions
      const hasIndex = entityId !== undefined || (subscription !== undefined && fingerprint !== undefined)
      const isSearch = !hasIndex && [name, state, since, until, fingerprint].some((each) => each !== undefined)
      return readPartly(chosenStores(stores, store), async (answering) => {
        const { rows, next } = await readPage({
          ...{ stores: answering, limit },
          read: (each, page) => each.failures.list({ ...defined(conditions), ...page }),
          idOf: ({ messageId }) => messageId,
          depthOf: isSearch
            ? (depths) => depths.failures({ before, until, rows: SEARCHED_ROWS }, subscription)
            : undefined,
        })
        return { rows: rows.map(rowOf), next }
      })
    },
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/failures/blocked',
    access: 'viewer',
    summary: 'Entities of ordered subscriptions whose events wait for an earlier one',
    query: z.object({ subscription: z.string().max(255).optional(), entityId: z.string().max(500).optional() }),
    reply: z.object({ rows: z.array(blocked), unreachable }),
    handle: ({ query }) =>
      readPartly(stores, async (answering) => {
        const rows = await readStores(answering, (store) => store.failures.blocked(defined(query)))
        return { rows: rows.toSorted((a, b) => b.waiting - a.waiting).map(blockedOf) }
      }),
  })

  addRoute(app, {
    method: 'GET',
    url: '/api/failures/:subscription/:id',
    access: 'viewer',
    summary: 'One failure with its message and its stack',
    params: z.object({ subscription: z.string().max(255), id: z.uuid() }),
    reply: failureReply,
    handle: ({ params: { subscription, id } }) =>
      readPartly(stores, async (answering) => {
        const failure = await needFailure(answering, subscription, id)
        const { payload, encoding, headers, error } = failure
        return {
          ...rowOf(failure),
          stack: error.stack,
          // What is no text cannot be looked into for what is to be hidden.
          payload: mask.text(payload),
          encoding,
          headers: { ...headers },
          version: versionOf(failure),
          isMasked: mask.text(payload) !== payload,
          edits: [...(await readEdits(answering, mask, { subscription, messageId: failure.messageId }))],
        }
      }),
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/failures/:subscription/:id/edit',
    access: 'operator',
    // A payload of 1 MiB, each character of which may need another one before it within a string.
    maxBodyBytes: 2 * 1024 * 1024 + 65_536,
    summary: 'Gives a failure another payload and has it handled again: the same message, once',
    params: z.object({ subscription: z.string().max(255), id: z.uuid() }),
    body: z.object({
      payload: z.string().meta({ description: 'JSON text, at most 1 MiB' }),
      version: z.string().max(100).meta({ description: 'of the payload that was changed' }),
    }),
    reply: acted,
    handle: async ({ params: { subscription, id }, body: { payload, version } }, request) => {
      const failure = await readPartly(stores, (answering) => needFailure(answering, subscription, id))
      if (mask.text(failure.payload) !== failure.payload)
        throw new MonitorError(
          'PAYLOAD_MASKED',
          400,
          'values of this payload are hidden by a rule of the page: who cannot see them cannot change it here',
        )
      const { actor } = callerOf(request).identity
      const outcome =
        version === versionOf(failure) ? await editFailure(stores, failure, payload, { actor, catalog }) : 'changed'
      if (outcome === 'unknown') throw noFailure(subscription, id)
      if (outcome === 'changed')
        throw new MonitorError(
          'PAYLOAD_CHANGED',
          409,
          'somebody else has changed this payload meanwhile; look at it again',
        )
      return { count: 1 }
    },
  })

  const actions = [
    ['retry', 'Makes failures due at once, with their attempts counted anew'],
    ['discard', 'Gives up on failures: they are never handled, and their payloads are kept in the action log'],
    ['release', 'Sets failures aside that hold up their entity, so that those behind them go on'],
  ] as const
  for (const [action, summary] of actions) {
    addRoute(app, {
      method: 'POST',
      url: `/api/failures/${action}`,
      access: 'operator',
      summary,
      body: actionBody,
      reply: actedOnMany,
      handle: async ({ body: { store, id, ...conditions } }, request) => {
        const { actor } = callerOf(request).identity
        const filter: FailureFilter = {
          ...defined(conditions),
          ...(id === undefined ? {} : { messageId: id.toLowerCase() }),
        }
        const { count, begun } = await actOnFailures(chosenStores(stores, store), action, filter, { actor })
        for (const each of begun) runner.run(each.store, each.bulk)
        return {
          count,
          left: begun.reduce((sum, { bulk }) => sum + bulk.total - bulk.done, 0),
          bulk: begun.map(({ store: { label }, bulk }) => ({ store: label, id: bulk.id })),
        }
      },
    })
  }
}

/** Throws NOT_FOUND. */
async function needFailure(
  stores: readonly NamedStore[],
  subscription: string,
  id: string,
): Promise<StoreRow<Failure>> {
  const failure = await findFailure(stores, { subscription, messageId: id.toLowerCase() })
  if (failure === null) throw noFailure(subscription, id)
  return failure
}

function noFailure(subscription: string, id: string): MonitorError {
  const text = `${subscription} has no failure of the message ${id}: perhaps it is handled by now`
  return new MonitorError('NOT_FOUND', 404, text)
}

function rowOf(failure: StoreRow<Failure>): FailureRow {
  const { store, subscription, messageId, name, entityId, source, state, attempts, error } = failure
  return {
    ...{ store, subscription, id: messageId, name, entityId, source, state, attempts },
    firstFailedAt: failure.firstFailedAt.toISOString(),
    lastFailedAt: failure.lastFailedAt.toISOString(),
    dueAt: iso(failure.dueAt),
    ...{ code: error.code, type: error.type, message: error.message, fingerprint: error.fingerprint },
  }
}

function blockedOf(row: StoreRow<BlockedEntity>): BlockedRow {
  const { store, subscription, entity, entityId, blocker, since, waiting, oldestWaiting } = row
  const isFailure = blocker.kind === 'parked' || blocker.kind === 'retrying'
  return {
    ...{ store, subscription, entity, entityId, waiting },
    blocker: {
      kind: blocker.kind,
      id: isFailure ? blocker.messageId : null,
      name: isFailure ? blocker.name : null,
      error: isFailure ? blocker.error : null,
      sequence: blocker.kind === 'released' ? null : blocker.sequence,
    },
    since: since.toISOString(),
    firstWaiting: { id: oldestWaiting.messageId, name: oldestWaiting.name, since: oldestWaiting.since.toISOString() },
  }
}
