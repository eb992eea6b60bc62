import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useLanguage } from '../i18n/language.tsx'

/** The pages of one cluster. */
export function ClusterNav({ cluster }: { readonly cluster: string }): ReactNode {
  const { t } = useLanguage()
  const params = { cluster }
  return (
    <nav className="buttons tabs" aria-label={t.cluster.pages(cluster)}>
      <Link to="/cluster" className="button" activeOptions={{ exact: true }}>
        {t.cluster.overview}
      </Link>
      <Link to="/cluster/$cluster/graph" params={params} search={{}} className="button">
        {t.graph.heading}
      </Link>
      <Link to="/cluster/$cluster/policies" params={params} className="button">
        {t.policies.heading}
      </Link>
      <Link to="/cluster/$cluster/connections" params={params} search={{}} className="button">
        {t.connections.heading}
      </Link>
      <Link to="/cluster/$cluster/definitions" params={params} className="button">
        {t.definitions.heading}
      </Link>
    </nav>
  )
}
