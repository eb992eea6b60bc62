import type { ReactNode } from 'react'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import type { WatchRow } from '../../../src/reads/watches.ts'
import { useSession } from '../api/session.tsx'
import { useApi } from '../api/use-api.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { WatchTable } from '../parts/watch-table.tsx'
import { WatchForm } from './watch-form.tsx'

const REFRESH_MS = 2_000

/** What the address says of a watch that is to be changed. */
export interface WatchesSearch {
  readonly edit?: string
}

export function parseWatchesSearch({ edit }: Readonly<Record<string, unknown>>): WatchesSearch {
  return typeof edit === 'string' && edit !== '' ? { edit } : typeof edit === 'number' ? { edit: String(edit) } : {}
}

interface Reply {
  readonly rows: readonly WatchRow[]
  readonly unreachable: readonly UnreachableStore[]
}

/** Watches of all stores, and a form for one more. */
export function WatchesPage({ edit }: WatchesSearch): ReactNode {
  const { t } = useLanguage()
  const { session } = useSession()
  const query = useApi<Reply>('watches', {}, REFRESH_MS)
  return (
    <>
      <h1>{t.watch.heading}</h1>
      <p className="hint">{t.watch.hint}</p>
      <Loaded query={query}>
        {({ rows, unreachable }) => {
          const edited = rows.find(({ name }) => name === edit)
          return (
            <>
              {rows.length > 0 ? (
                <WatchTable watches={rows} />
              ) : unreachable.length === 0 ? (
                <p>{t.watch.empty}</p>
              ) : null}
              <section>
                <h2>{edited === undefined ? t.watch.form : `${t.watch.edit}: ${edited.name}`}</h2>
                {session?.user?.role === 'operator' ? (
                  <WatchForm key={edited?.name ?? ''} watch={edited ?? null} />
                ) : (
                  <p className="hint">{t.actions.needsOperator}</p>
                )}
              </section>
            </>
          )
        }}
      </Loaded>
    </>
  )
}
