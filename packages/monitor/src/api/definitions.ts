import { exportDefinitions } from '@warren/cluster'
import type { Finding, ImportStepDocument } from '@warren/cluster'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf } from '../access/guard.ts'
import type { ClusterActions } from '../clusters/actions.ts'
import type { Clusters } from '../clusters/clusters.ts'
import { DefinitionsDesk, vhostSections } from '../clusters/definitions.ts'
import { addRoute } from './route.ts'

/** Of a file. As a text within JSON it takes up to twice as much. */
const MAX_FILE_BYTES = 4 * 1024 * 1024
/** Steps that are shown one by one; all of them are counted. */
const MOST_STEPS = 500

const cluster = z.object({ name: z.string().max(255) })

const source = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    text: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= MAX_FILE_BYTES, `larger than ${MAX_FILE_BYTES} bytes`)
      .meta({ description: 'of a file of definitions; users and what they may do are left out' }),
  }),
  z.object({
    kind: z.literal('cluster'),
    from: z.string().max(255).meta({ description: 'another cluster that the page knows: its vhost' }),
    only: z.array(z.enum(vhostSections)).min(1),
    toQuorum: z.boolean().default(false).meta({ description: 'mirrored queues become quorum queues' }),
  }),
])

const step = z.object({
  action: z.enum(['create', 'overwrite', 'skip']),
  section: z.string(),
  identity: z.record(z.string(), z.unknown()),
  changes: z.array(z.object({ path: z.string(), before: z.unknown(), after: z.unknown() })),
})

const plan = z.object({
  id: z.string().meta({ description: 'for the apply' }),
  steps: z.array(step).meta({ description: `the first ${MOST_STEPS}` }),
  counts: z.object({ create: z.number(), overwrite: z.number(), skip: z.number() }),
  blocking: z.array(z.string()).meta({ description: 'why it cannot be done; empty when it can be' }),
  notes: z.array(z.object({ level: z.string(), rule: z.string(), label: z.string(), message: z.string() })),
  ignored: z.array(z.string()).meta({ description: 'sections of the file that are left out' }),
  surplus: z.number().nullable().meta({ description: 'objects that the source does not have; they stay' }),
})

export type PlanReply = z.infer<typeof plan>
export type StepRow = z.infer<typeof step>
export type DefinitionsBody = z.input<typeof source>

/** Definitions of a cluster's vhost: out of it, and into it once somebody has seen what that would do. */
export function addDefinitionsApi(
  app: FastifyInstance,
  { clusters, actions }: { readonly clusters: Clusters; readonly actions: ClusterActions },
): void {
  const desk = new DefinitionsDesk(clusters)

  addRoute(app, {
    method: 'GET',
    url: '/api/clusters/:name/definitions',
    access: 'viewer',
    summary: 'The definitions of its vhost as a file, with every secret masked',
    params: cluster,
    reply: z.record(z.string(), z.unknown()),
    handle: async ({ params: { name } }, _request, reply) => {
      const { client, vhost } = clusters.find(name)
      const document = await exportDefinitions(client, { vhost })
      const file = `${name}-${vhost}.json`.replaceAll(/[^\w.-]+/g, '_')
      reply.header('content-disposition', `attachment; filename="${file}"`)
      return document
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/clusters/:name/definitions/plan',
    access: 'operator',
    summary: 'What definitions of a file or of another cluster would do to its vhost; changes nothing',
    params: cluster,
    body: z.object({ source }),
    reply: plan,
    perMinute: 60,
    maxBodyBytes: 2 * MAX_FILE_BYTES,
    handle: async ({ params: { name }, body }) => {
      const { steps, ...rest } = await desk.plan(clusters.find(name), body.source)
      const count = (wanted: ImportStepDocument['action']): number =>
        steps.filter(({ action }) => action === wanted).length
      return {
        id: rest.id,
        steps: steps.slice(0, MOST_STEPS).map(stepOf),
        counts: { create: count('create'), overwrite: count('overwrite'), skip: count('skip') },
        blocking: [...rest.blocking],
        notes: rest.notes.map(noteOf),
        ignored: [...rest.ignored],
        surplus: rest.surplus,
      }
    },
  })

  addRoute(app, {
    method: 'POST',
    url: '/api/clusters/:name/definitions/apply',
    access: 'operator',
    summary: 'Does what a plan has shown, and nothing else, and reads the cluster again',
    params: cluster,
    body: z.object({ source, plan: z.string().max(100).meta({ description: 'the id of the plan' }) }),
    reply: z.object({ count: z.number().meta({ description: 'how many objects were made or changed' }) }),
    perMinute: 60,
    maxBodyBytes: 2 * MAX_FILE_BYTES,
    handle: async ({ params: { name }, body }, request) => {
      const found = clusters.find(name)
      const { actor } = callerOf(request).identity
      const isFile = body.source.kind === 'file'
      const undertaking = {
        ...{ cluster: found, actor, action: isFile ? 'definitions-import' : 'definitions-sync' },
        about: body.source.kind === 'cluster' ? [`from ${body.source.from}`, ...body.source.only] : [],
        details: { plan: body.plan },
      }
      const keys = [JSON.stringify(['definitions', name])]
      return actions.runOnceSure(undertaking, keys, async (begin) => ({
        count: await desk.apply(found, body.source, body.plan, ({ steps }) => begin({ steps: steps.length })),
      }))
    },
  })
}

function stepOf({ action, section, identity, changes }: ImportStepDocument): StepRow {
  return {
    ...{ action, section },
    identity: { ...identity },
    changes: changes.map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null })),
  }
}

function noteOf({ level, rule, label, message }: Finding): PlanReply['notes'][number] {
  return { level, rule, label, message }
}
