import type { ReactNode } from 'react'
import type { Page, Search } from '../api/use-page.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Loaded } from './loaded.tsx'
import { Moment } from './moment.tsx'

/** What a search has found, or how far it has looked. */
export function Found<Row>({
  search: { query, through },
  children,
}: {
  readonly search: Search<Row>
  readonly children: (page: Page<Row>) => ReactNode
}): ReactNode {
  const { t } = useLanguage()
  return (
    <>
      {through === null ? null : (
        <p className="hint" role="status" aria-live="off">
          {t.list.lookedBack} <Moment iso={timeOf(through)} />…
        </p>
      )}
      <Loaded query={query}>
        {(page) => (
          <>
            {page.rows.length > 0 ? children(page) : through === null ? <p className="hint">{t.list.empty}</p> : null}
          </>
        )}
      </Loaded>
    </>
  )
}

/** Ids are UUIDv7: they begin with their time. */
function timeOf(id: string): string {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString()
}
