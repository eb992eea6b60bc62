import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode } from 'react'
import type { FailureReply } from '../../../src/api/failures.ts'
import type { EditRow } from '../../../src/reads/edits.ts'
import { useSession } from '../api/session.tsx'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Diff } from '../parts/diff.tsx'
import { compacted, indented } from '../parts/json.tsx'
import { Moment } from '../parts/moment.tsx'

export interface FailureEditSearch {
  /** The editor is open. */
  readonly edit?: true
}

export function parseFailureEditSearch(search: Readonly<Record<string, unknown>>): FailureEditSearch {
  return search['edit'] === true || search['edit'] === 'true' ? { edit: true } : {}
}

/** Leads to the editor, or says why there is none. */
export function EditLink({ failure }: { readonly failure: FailureReply }): ReactNode {
  const { t } = useLanguage()
  const { session } = useSession()
  const { subscription, id, isMasked } = failure
  const why = session?.user?.role !== 'operator' ? t.actions.needsOperator : isMasked ? t.edit.masked : null
  return why === null ? (
    <Link to="/failures/$subscription/$id" params={{ subscription, id }} search={{ edit: true }} className="button">
      {t.edit.open}
    </Link>
  ) : (
    <button type="button" disabled title={why}>
      {t.edit.open}
    </button>
  )
}

/** The payload as text, beside what is different; begun anew when somebody else has changed it. */
export function FailureEditor({ failure }: { readonly failure: FailureReply }): ReactNode {
  const { t } = useLanguage()
  const navigate = useNavigate()
  const { subscription, id, payload, version, encoding } = failure
  // What is no text is no JSON either: whoever mends it writes it anew.
  const before = encoding === 'utf8' ? payload : ''
  const [text, setText] = useState(() => indented(before))
  const problem = problemOf(text)
  const close = (): void =>
    void navigate({ to: '/failures/$subscription/$id', params: { subscription, id }, search: {} })
  return (
    <section className="editor">
      <h2>{t.edit.heading}</h2>
      <p className="hint">{t.edit.hint}</p>
      <textarea
        aria-label={t.fields.payload}
        aria-invalid={problem !== null}
        rows={Math.min(24, text.split('\n').length + 1)}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {problem === null ? null : (
        <p role="alert" className="note bad">
          {t.edit.invalid(problem)}
        </p>
      )}
      <h3>{t.edit.difference}</h3>
      <Diff before={before} after={text} label={t.edit.difference} />
      <div className="buttons">
        {problem !== null || compacted(text) === compacted(before) ? (
          <button type="button" disabled>
            {t.edit.submit}
          </button>
        ) : (
          <Action
            label={t.edit.submit}
            path={`failures/${encodeURIComponent(subscription)}/${id}/edit`}
            body={{ payload: compacted(text), version }}
            sure={t.edit.sure}
            onDone={close}
          />
        )}
        <button type="button" onClick={close}>
          {t.actions.cancel}
        </button>
      </div>
    </section>
  )
}

function problemOf(text: string): string | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Who has changed what: nothing where nobody has. */
export function Edits({ edits }: { readonly edits: readonly EditRow[] }): ReactNode {
  const { t } = useLanguage()
  if (edits.length === 0) return null
  return (
    <section>
      <h2>{t.edit.edits}</h2>
      {edits.map(({ store, subscription, at, by, original, edited }) => (
        <div key={`${store} ${subscription} ${at}`}>
          <p className="note pending">
            {t.edit.by(by, subscription)} <Moment iso={at} />
          </p>
          <Diff before={original} after={edited} label={t.edit.by(by, subscription)} />
        </div>
      ))}
    </section>
  )
}
