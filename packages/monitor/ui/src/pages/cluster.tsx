import type { ReactNode } from 'react'
import type { ClusterReply, NodeRow } from '../../../src/api/cluster.ts'
import type { QueueRow } from '../../../src/api/cluster-queues.ts'
import { useApi } from '../api/use-api.ts'
import { bytes, count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { ClusterActions } from '../parts/cluster-actions.tsx'
import { ClusterNav } from '../parts/cluster-nav.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { isBehind, QueueLink, SyncAction } from '../parts/queues.tsx'
import { Table } from '../parts/table.tsx'

export function ClusterPage(): ReactNode {
  const { t } = useLanguage()
  const query = useApi<{ readonly clusters: readonly { readonly name: string }[] }>('clusters')
  return (
    <>
      <h1>{t.nav.cluster}</h1>
      <Loaded query={query}>
        {({ clusters }) =>
          clusters.length === 0 ? (
            <div className="verdict empty">
              <p>{t.cluster.none}</p>
            </div>
          ) : (
            clusters.map(({ name }) => <Cluster key={name} name={name} />)
          )
        }
      </Loaded>
    </>
  )
}

function Cluster({ name }: { readonly name: string }): ReactNode {
  const { t } = useLanguage()
  const path = `clusters/${encodeURIComponent(name)}`
  const cluster = useApi<ClusterReply>(path)
  const queues = useApi<{ readonly queues: readonly QueueRow[] }>(`${path}/queues`)
  return (
    <>
      <ClusterNav cluster={name} />
      <Loaded query={cluster}>{(reply) => <Health cluster={reply} />}</Loaded>
      <ClusterActions cluster={name} />
      <section>
        <h2>{t.cluster.queues}</h2>
        <Loaded query={queues}>{({ queues: rows }) => <Queues cluster={name} queues={rows} />}</Loaded>
      </section>
      <Leaders cluster={name} />
    </>
  )
}

function Health({ cluster }: { readonly cluster: ClusterReply }): ReactNode {
  const { t, language } = useLanguage()
  const { clusterName, version, vhost, nodes, links, findings, notRead } = cluster
  return (
    <>
      <p className="hint">
        {clusterName} · RabbitMQ {version} · {vhost}
      </p>
      <section>
        <h2>{t.cluster.findings}</h2>
        {findings.length === 0 ? (
          <p className="hint">{t.cluster.wellSaid}</p>
        ) : (
          <Table
            label={t.cluster.findings}
            rows={findings}
            keyOf={({ code, what }) => `${code} ${what}`}
            columns={[
              {
                heading: t.cluster.what,
                cell: ({ what, severity }) => <Finding severity={severity} what={what} />,
                isWide: true,
              },
              { heading: t.cluster.why, cell: ({ why }) => why, isWide: true },
              { heading: t.cluster.command, cell: ({ command }) => <code>{command}</code>, isWide: true },
            ]}
          />
        )}
        {notRead.length === 0 ? null : (
          <details>
            <summary className="hint">{t.cluster.notReadCount(count(notRead.length, language))}</summary>
            {notRead.map(({ part, reason }) => (
              <p key={part} className="hint">
                {t.cluster.notRead(part, reason)}
              </p>
            ))}
          </details>
        )}
      </section>
      <section>
        <h2>{t.cluster.nodes}</h2>
        <Nodes nodes={nodes} />
      </section>
      {links.length === 0 ? null : (
        <section>
          <h2>{t.cluster.links}</h2>
          <Table
            label={t.cluster.links}
            rows={links}
            keyOf={({ kind, vhost: where, name }) => `${kind} ${where} ${name}`}
            columns={[
              { heading: t.cluster.links, cell: ({ name }) => name },
              { heading: t.cluster.type, cell: ({ kind }) => kind },
              { heading: t.fields.state, cell: ({ state }) => state },
              { heading: t.fields.error, cell: ({ reason }) => reason ?? '', isWide: true },
            ]}
          />
        </section>
      )}
    </>
  )
}

const looks = { error: 'bad', warning: 'pending', notice: 'none' } as const

function Finding({ severity, what }: { readonly severity: keyof typeof looks; readonly what: string }): ReactNode {
  const { t } = useLanguage()
  return (
    <>
      <span className={`state ${looks[severity]}`}>{t.severities[severity]}</span> {what}
    </>
  )
}

function Nodes({ nodes }: { readonly nodes: readonly NodeRow[] }): ReactNode {
  const { t, language } = useLanguage()
  return (
    <Table
      label={t.cluster.nodes}
      rows={nodes}
      keyOf={({ name }) => name}
      columns={[
        { heading: t.cluster.node, cell: ({ name }) => name },
        { heading: t.fields.state, cell: (node) => <NodeState node={node} /> },
        {
          heading: t.cluster.memory,
          isNumber: true,
          cell: ({ memory }) =>
            memory === null ? '' : `${bytes(memory.used, language)} / ${bytes(memory.limit, language)}`,
        },
        {
          heading: t.cluster.disk,
          isNumber: true,
          cell: ({ disk }) => (disk === null ? '' : bytes(disk.freeBytes, language)),
        },
        {
          heading: t.cluster.descriptors,
          isNumber: true,
          cell: ({ descriptors }) =>
            descriptors === null ? '' : `${count(descriptors.used, language)} / ${count(descriptors.limit, language)}`,
        },
      ]}
    />
  )
}

function NodeState({ node }: { readonly node: NodeRow }): ReactNode {
  const { t } = useLanguage()
  const { isRunning, isInMaintenance, alarms, partitions } = node
  const troubles = [
    ...(isInMaintenance ? [t.cluster.maintenance] : []),
    ...alarms.map((alarm) => t.cluster.alarm(alarm)),
    ...(partitions.length === 0 ? [] : [t.cluster.partitioned(partitions.join(', '))]),
  ]
  const look = isRunning ? (troubles.length === 0 ? 'good' : 'pending') : 'bad'
  return (
    <span className={`state ${look}`}>{[isRunning ? t.cluster.running : t.cluster.down, ...troubles].join(' · ')}</span>
  )
}

function Queues({ cluster, queues }: { readonly cluster: string; readonly queues: readonly QueueRow[] }): ReactNode {
  const { t, language } = useLanguage()
  if (queues.length === 0) return <p className="hint">{t.list.empty}</p>
  return (
    <>
      <SyncAction cluster={cluster} queues={queues.filter(isBehind)} label={t.cluster.syncAll} />
      <Table
        label={t.cluster.queues}
        rows={queues}
        keyOf={({ vhost, name }) => `${vhost} ${name}`}
        columns={[
          { heading: t.fields.queue, cell: ({ name }) => <QueueLink cluster={cluster} name={name} /> },
          { heading: t.cluster.type, cell: ({ type }) => type },
          { heading: t.fields.state, cell: ({ state }) => state ?? '' },
          { heading: t.cluster.leader, cell: ({ leader }) => leader ?? '–' },
          {
            heading: t.cluster.replicas,
            cell: ({ replicas }) => {
              const behind = replicas.filter(({ isWell }) => !isWell).map(({ node }) => node)
              return behind.length === 0 ? (
                count(replicas.length, language)
              ) : (
                <span className="state bad">{t.cluster.behind(behind.join(', '))}</span>
              )
            },
          },
          {
            heading: t.cluster.messages,
            isNumber: true,
            cell: ({ messages }) => (messages === null ? '' : count(messages, language)),
          },
          {
            heading: t.cluster.consumers,
            isNumber: true,
            cell: ({ consumers }) => (consumers === null ? '' : count(consumers, language)),
          },
          { heading: t.cluster.policy, cell: ({ policy }) => policy ?? '' },
        ]}
      />
    </>
  )
}

function Leaders({ cluster }: { readonly cluster: string }): ReactNode {
  const { t, language } = useLanguage()
  const path = `clusters/${encodeURIComponent(cluster)}`
  const query = useApi<{ readonly nodes: readonly { readonly node: string; readonly leaders: number }[] }>(
    `${path}/leaders`,
  )
  return (
    <section>
      <h2>{t.cluster.leaders}</h2>
      <p className="hint">{t.cluster.leadersHint}</p>
      <Loaded query={query}>
        {({ nodes }) => {
          const total = nodes.reduce((sum, { leaders }) => sum + leaders, 0)
          return (
            <>
              <Table
                label={t.cluster.leaders}
                rows={nodes}
                keyOf={({ node }) => node}
                columns={[
                  { heading: t.cluster.node, cell: ({ node }) => node },
                  { heading: t.cluster.leaders, isNumber: true, cell: ({ leaders }) => count(leaders, language) },
                ]}
              />
              {total === 0 || nodes.length < 2 ? null : (
                <p className="buttons below">
                  <Action
                    label={t.cluster.rebalance}
                    path={`${path}/rebalance`}
                    sure={t.cluster.rebalanceSure(count(total, language))}
                    done={t.cluster.begun}
                  />
                </p>
              )}
            </>
          )
        }}
      </Loaded>
    </section>
  )
}
