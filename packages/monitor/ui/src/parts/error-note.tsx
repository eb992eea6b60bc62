import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'
import { useLanguage } from '../i18n/language.tsx'

/** What happened, and how to go on. The server's own words, which name what failed, come below. */
export function ErrorNote({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const { t } = useLanguage()
  const isAway = error instanceof ApiError && error.code === 'UNREACHABLE'
  return (
    <div role="alert" className="note bad">
      <strong>{t.errors.heading}</strong>
      <p>{isAway ? t.errors.unreachable : error instanceof Error ? error.message : String(error)}</p>
      {onRetry === undefined ? null : (
        <button type="button" onClick={onRetry}>
          {t.errors.retry}
        </button>
      )}
    </div>
  )
}
