import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { PolicyRow } from '../../../../src/api/cluster-reads.ts'
import { useApi } from '../../api/use-api.ts'
import { count } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/language.tsx'
import { ClusterNav } from '../../parts/cluster-nav.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { QueueLink } from '../../parts/queues.tsx'
import { Table } from '../../parts/table.tsx'

/** Each look tries all patterns on all names. */
const REFRESH_MS = 15_000

export function PoliciesPage(): ReactNode {
  const { t } = useLanguage()
  const { cluster } = useParams({ from: '/cluster/$cluster/policies' })
  const path = `clusters/${encodeURIComponent(cluster)}/policies`
  const query = useApi<{ readonly policies: readonly PolicyRow[] }>(path, {}, REFRESH_MS)
  return (
    <>
      <h1>
        {t.policies.heading} · {cluster}
      </h1>
      <ClusterNav cluster={cluster} />
      <Loaded query={query}>
        {({ policies }) =>
          policies.length === 0 ? (
            <p className="hint">{t.policies.empty}</p>
          ) : (
            <>
              <p className="hint">{t.policies.hint}</p>
              <Table
                label={t.policies.heading}
                rows={policies}
                keyOf={({ kind, name }) => `${kind} ${name}`}
                columns={[
                  { heading: t.cluster.policy, cell: ({ name }) => name },
                  { heading: t.policies.kind, cell: ({ kind }) => t.policies.kinds[kind] },
                  { heading: t.policies.pattern, cell: ({ pattern }) => <code>{pattern}</code> },
                  { heading: t.policies.applyTo, cell: ({ applyTo }) => applyTo },
                  { heading: t.policies.priority, isNumber: true, cell: ({ priority }) => priority },
                  {
                    heading: t.policies.definition,
                    isWide: true,
                    cell: ({ definition }) => <code>{JSON.stringify(definition)}</code>,
                  },
                  {
                    heading: t.policies.matches,
                    isWide: true,
                    cell: (row) => <Matches cluster={cluster} policy={row} />,
                  },
                ]}
              />
            </>
          )
        }
      </Loaded>
    </>
  )
}

interface MatchesProps {
  readonly cluster: string
  readonly policy: PolicyRow
}

function Matches({ cluster, policy }: MatchesProps): ReactNode {
  const { t, language } = useLanguage()
  const { counts, shadowed, skipped, ties, isTried } = policy
  if (!isTried) return <span className="state pending">{t.policies.notTried}</span>
  if (counts.count + shadowed.count + skipped.count === 0)
    return <span className="state pending">{t.policies.nothing}</span>
  const nameOf = ({ kind, name }: { readonly kind: string; readonly name: string }): ReactNode =>
    kind === 'queue' ? <QueueLink cluster={cluster} name={name} /> : name
  return (
    <ul className="plain">
      {counts.count === 0 ? null : (
        <li>
          {t.policies.counts(count(counts.count, language))}{' '}
          {counts.first.map((each) => (
            <span key={`${each.kind} ${each.name}`} className="item">
              {nameOf(each)}
            </span>
          ))}
          {counts.count > counts.first.length ? '…' : null}
        </li>
      )}
      {shadowed.first.map((each) => (
        <li key={`${each.kind} ${each.name}`}>
          {nameOf(each)}: {t.policies.shadowed(each.by)}
        </li>
      ))}
      {skipped.first.map((each) => (
        <li key={`${each.kind} ${each.name}`}>
          {nameOf(each)}: {t.policies.skipped(each.keys.join(', '))}
        </li>
      ))}
      {ties.count === 0 ? null : (
        <li>
          <span className="state bad">{t.policies.ties(count(ties.count, language))}</span>
        </li>
      )}
    </ul>
  )
}
