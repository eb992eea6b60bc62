import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import type { ReactNode } from 'react'
import { post } from '../api/client.ts'
import { useSession } from '../api/session.tsx'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { ErrorNote } from './error-note.tsx'

export interface ActionProps {
  readonly label: string
  /** Below `api/`. */
  readonly path: string
  readonly body?: unknown
  /** What will happen to how much: asked once before. Left out: it is done at once. */
  readonly sure?: string
  readonly isDangerous?: boolean
  /** It was done. */
  readonly onDone?: () => void
  /** What is said when the server has taken it. Default: for how many it is done. */
  readonly done?: (count: string) => string
}

interface Done {
  readonly count?: number
  readonly waived?: number
  /** It goes on for so many. */
  readonly left?: number
}

/** A button that changes something on the server, and shows what came of it. Viewers see it, and why they cannot. */
export function Action({ label, path, body = {}, sure, isDangerous = false, done, onDone }: ActionProps): ReactNode {
  const { t, language } = useLanguage()
  const { session } = useSession()
  const dialog = useRef<HTMLDialogElement>(null)
  const queries = useQueryClient()
  const mutation = useMutation({
    mutationFn: () => post<Done>(path, body),
    onSuccess: () => {
      onDone?.()
      return queries.invalidateQueries()
    },
  })
  const isAllowed = session?.user?.role === 'operator'
  const look = isDangerous ? 'danger' : ''
  return (
    <span className="action">
      <button
        type="button"
        className={look}
        disabled={!isAllowed || mutation.isPending}
        title={isAllowed ? undefined : t.actions.needsOperator}
        onClick={() => (sure === undefined ? mutation.mutate() : dialog.current?.showModal())}
      >
        {label}
      </button>
      {sure === undefined ? null : (
        <dialog ref={dialog} aria-label={label}>
          <p>{sure}</p>
          <form method="dialog" className="buttons">
            <button type="submit">{t.actions.cancel}</button>
            <button type="submit" className={isDangerous ? 'danger' : 'primary'} onClick={() => mutation.mutate()}>
              {label}
            </button>
          </form>
        </dialog>
      )}
      <span role="status">
        {mutation.data === undefined
          ? null
          : (mutation.data.left ?? 0) > 0
            ? t.actions.goesOn(count(mutation.data.left ?? 0, language))
            : (done ?? t.actions.done)(count(mutation.data.count ?? mutation.data.waived ?? 0, language))}
      </span>
      {mutation.error === null ? null : <ErrorNote error={mutation.error} />}
    </span>
  )
}
