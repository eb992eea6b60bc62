import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { QueueReply } from '../../../../src/api/cluster-queues.ts'
import { useApi } from '../../api/use-api.ts'
import { count } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/language.tsx'
import { Action } from '../../parts/action.tsx'
import { ClusterActions, useClusterActions } from '../../parts/cluster-actions.tsx'
import { ClusterNav } from '../../parts/cluster-nav.tsx'
import { Json } from '../../parts/json.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Properties } from '../../parts/properties.tsx'
import { isBehind, SyncAction } from '../../parts/queues.tsx'
import { Table } from '../../parts/table.tsx'

export function QueuePage(): ReactNode {
  const { cluster, queue } = useParams({ from: '/cluster/$cluster/queues/$queue' })
  const query = useApi<QueueReply>(`clusters/${encodeURIComponent(cluster)}/queue`, { queue })
  return (
    <>
      <h1>{queue}</h1>
      <ClusterNav cluster={cluster} />
      <Loaded query={query}>{(reply) => <Content cluster={cluster} queue={reply} />}</Loaded>
    </>
  )
}

interface QueueProps {
  readonly cluster: string
  readonly queue: QueueReply
}

function Content({ cluster, queue }: QueueProps): ReactNode {
  const { t, language } = useLanguage()
  const { type, state, vhost, messages, ready, unacknowledged, consumers, policy, operatorPolicy } = queue
  const number = (value: number | null): string | null => (value === null ? null : count(value, language))
  const properties = [
    ...(queue.isDurable ? [t.queue.durable] : []),
    ...(queue.isAutoDelete ? [t.queue.autoDelete] : []),
    ...(queue.isExclusive ? [t.queue.exclusive] : []),
  ]
  return (
    <>
      <Actions cluster={cluster} queue={queue} />
      <ClusterActions cluster={cluster} queue={queue.name} />
      <Properties
        of={[
          [t.cluster.type, type],
          [t.fields.state, state],
          ['vhost', vhost],
          [t.cluster.messages, number(messages)],
          [t.queue.ready, number(ready)],
          [t.queue.unacknowledged, number(unacknowledged)],
          [t.cluster.consumers, number(consumers)],
          [t.cluster.policy, policy],
          [t.queue.operatorPolicy, operatorPolicy],
          [t.queue.properties, properties.join(', ')],
        ]}
      />
      <Replicas queue={queue} />
      <section>
        <h2>{t.queue.effective}</h2>
        {policy === null && operatorPolicy === null ? (
          <p className="hint">{t.queue.noPolicy}</p>
        ) : (
          <Json text={JSON.stringify(queue.effectivePolicy)} label={t.queue.effective} />
        )}
      </section>
      <section>
        <h2>{t.queue.arguments}</h2>
        <Json text={JSON.stringify(queue.arguments)} label={t.queue.arguments} />
      </section>
      <Consumers queue={queue} />
      <Bindings queue={queue} />
    </>
  )
}

function Actions({ cluster, queue }: QueueProps): ReactNode {
  const { t } = useLanguage()
  const running = useClusterActions(cluster)
  // Statistics are some seconds behind, and may not come while the queue is blocked.
  const isSyncing =
    queue.state === 'syncing' ||
    running.some(({ queues }) => queues.some(({ name, state }) => name === queue.name && state === 'running'))
  if (isSyncing)
    return (
      <p className="buttons">
        <Action
          label={t.cluster.cancelSync}
          path={`clusters/${encodeURIComponent(cluster)}/queues/cancel-sync`}
          body={{ queues: [queue.name] }}
          sure={t.cluster.cancelSyncSure(queue.name)}
          done={t.cluster.asked}
          isDangerous
        />
      </p>
    )
  return isBehind(queue) ? <SyncAction cluster={cluster} queues={[queue]} label={() => t.cluster.sync} /> : null
}

interface Replica {
  readonly node: string
  readonly role: 'leader' | 'mirror' | 'member'
  readonly state: 'serving' | 'synchronised' | 'behind' | 'online' | 'offline'
}

function replicasOf({ type, leader, replicas }: QueueReply): readonly Replica[] {
  const isMirrored = type === 'classic'
  return [
    ...(leader === null ? [] : [{ node: leader, role: 'leader' as const, state: 'serving' as const }]),
    ...replicas.map(({ node, isWell }) => ({
      node,
      role: isMirrored ? ('mirror' as const) : ('member' as const),
      state: isMirrored
        ? isWell
          ? ('synchronised' as const)
          : ('behind' as const)
        : isWell
          ? ('online' as const)
          : ('offline' as const),
    })),
  ]
}

function Replicas({ queue }: { readonly queue: QueueReply }): ReactNode {
  const { t } = useLanguage()
  return (
    <section>
      <h2>{t.queue.replicas}</h2>
      {queue.leader === null ? <p className="hint">{t.queue.noLeader}</p> : null}
      <Table
        label={t.queue.replicas}
        rows={replicasOf(queue)}
        keyOf={({ node }) => node}
        columns={[
          { heading: t.cluster.node, cell: ({ node }) => node },
          { heading: t.queue.role, cell: ({ role }) => t.queue.roles[role] },
          {
            heading: t.fields.state,
            cell: ({ state }) => (
              <span className={`state ${state === 'behind' || state === 'offline' ? 'bad' : 'good'}`}>
                {t.queue.replicaStates[state]}
              </span>
            ),
          },
        ]}
      />
    </section>
  )
}

function Consumers({ queue: { consumerList, consumers } }: { readonly queue: QueueReply }): ReactNode {
  const { t, language } = useLanguage()
  return (
    <section>
      <h2>{t.cluster.consumers}</h2>
      {consumerList.length === 0 ? (
        <p className="hint">{t.queue.noConsumers}</p>
      ) : (
        <Table
          label={t.cluster.consumers}
          rows={consumerList}
          keyOf={({ connection, tag }) => `${connection} ${tag}`}
          columns={[
            { heading: t.queue.tag, cell: ({ tag }) => tag },
            { heading: t.queue.connection, cell: ({ connection }) => connection },
            { heading: t.connections.user, cell: ({ user }) => user },
            {
              heading: t.queue.prefetch,
              isNumber: true,
              cell: ({ prefetch }) => (prefetch === 0 ? t.queue.unlimited : count(prefetch, language)),
            },
            { heading: t.fields.state, cell: ({ isActive }) => (isActive ? t.queue.active : t.queue.standby) },
          ]}
        />
      )}
      <More shown={consumerList.length} of={consumers ?? 0} />
    </section>
  )
}

function Bindings({ queue: { bindings, bindingCount } }: { readonly queue: QueueReply }): ReactNode {
  const { t } = useLanguage()
  return (
    <section>
      <h2>{t.queue.bindings}</h2>
      {bindings.length === 0 ? (
        <p className="hint">{t.queue.noBindings}</p>
      ) : (
        <Table
          label={t.queue.bindings}
          rows={bindings}
          keyOf={(binding) => JSON.stringify(binding)}
          columns={[
            { heading: t.queue.exchange, cell: ({ exchange }) => exchange },
            { heading: t.queue.key, cell: ({ key }) => <code>{key}</code> },
            {
              heading: t.queue.arguments,
              isWide: true,
              cell: ({ arguments: args }) => (Object.keys(args).length === 0 ? '' : JSON.stringify(args)),
            },
          ]}
        />
      )}
      <More shown={bindings.length} of={bindingCount} />
    </section>
  )
}

function More({ shown, of }: { readonly shown: number; readonly of: number }): ReactNode {
  const { t, language } = useLanguage()
  return shown >= of || shown === 0 ? null : (
    <p className="hint">{t.queue.more(count(shown, language), count(of, language))}</p>
  )
}
