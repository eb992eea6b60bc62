import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import type { ReactNode, SubmitEvent } from 'react'
import type { MatchReply } from '../../../src/api/events.ts'
import type { WatchRow } from '../../../src/reads/watches.ts'
import { post } from '../api/client.ts'
import { useApi } from '../api/use-api.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { ErrorNote } from '../parts/error-note.tsx'
import { isoOfLocal, localTime } from '../parts/local-time.ts'

const MINUTE_MS = 60_000

/** Saves a watch; with `watch`, begins with what it is. */
export function WatchForm({ watch }: { readonly watch: WatchRow | null }): ReactNode {
  const { t } = useLanguage()
  const queries = useQueryClient()
  const [patterns, setPatterns] = useState(watch?.patterns.join(' ') ?? '')
  const mutation = useMutation({
    mutationFn: (body: { readonly name: string }) => post('watches', body).then(() => body.name),
    onSuccess: () => queries.invalidateQueries(),
  })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (field: string): string => {
      const value = form.get(field)
      return typeof value === 'string' ? value.trim() : ''
    }
    const threshold = (field: string, factor = 1): number | null =>
      text(field) === '' ? null : Math.round(Number(text(field)) * factor)
    mutation.mutate({
      name: text('name'),
      ...{ patterns: wordsOf(patterns), entityIds: wordsOf(text('entityIds')) },
      ...{ from: isoOfLocal(text('from')), to: isoOfLocal(text('to')) },
      alarm: {
        maxMissing: threshold('maxMissing'),
        maxParked: threshold('maxParked'),
        maxUnhandledMs: threshold('maxUnhandled', MINUTE_MS),
      },
      compensation: text('compensation') === '' ? null : text('compensation'),
    } as { readonly name: string })
  }
  const { maxMissing, maxParked, maxUnhandledMs } = watch?.alarm ?? {
    maxMissing: 0,
    maxParked: 0,
    maxUnhandledMs: null,
  }
  const threshold = (name: string, label: string, value: number | null, step?: string): ReactNode => (
    <label>
      {label}
      <input type="number" name={name} min="0" step={step} title={t.watch.thresholdHint} defaultValue={value ?? ''} />
    </label>
  )
  return (
    <>
      <p className="hint">{t.watch.formHint}</p>
      <form className="filters" onSubmit={submit}>
        <label>
          {t.watch.name}
          <input name="name" required maxLength={100} defaultValue={watch?.name} readOnly={watch !== null} />
        </label>
        <label>
          {t.fields.patterns}
          <input
            name="patterns"
            required
            placeholder="order.#.payment.*"
            title={t.watch.patternsHint}
            value={patterns}
            onChange={(event) => setPatterns(event.target.value)}
          />
        </label>
        <label>
          {t.watch.entityIds}
          <input name="entityIds" title={t.watch.entityIdsHint} defaultValue={watch?.entityIds.join(' ')} />
        </label>
        <label>
          {t.watch.from}
          <input type="datetime-local" name="from" defaultValue={localTime(watch?.from)} />
        </label>
        <label>
          {t.watch.to}
          <input type="datetime-local" name="to" defaultValue={localTime(watch?.to)} />
        </label>
        {threshold('maxMissing', t.watch.maxMissing, maxMissing)}
        {threshold('maxParked', t.watch.maxParked, maxParked)}
        {threshold(
          'maxUnhandled',
          t.watch.maxUnhandled,
          maxUnhandledMs === null ? null : maxUnhandledMs / MINUTE_MS,
          'any',
        )}
        <label>
          {t.watch.compensation}
          <select name="compensation" defaultValue={watch?.compensation ?? ''}>
            <option value="">{t.watch.compensations.service}</option>
            <option value="auto">{t.watch.compensations.auto}</option>
            <option value="off">{t.watch.compensations.off}</option>
          </select>
        </label>
        <button type="submit" className="primary" disabled={mutation.isPending}>
          {t.watch.save}
        </button>
      </form>
      <Matching patterns={useDeferredValue(patterns)} />
      <p role="status">
        {mutation.data === undefined ? null : (
          <>
            {t.watch.saved(mutation.data)}{' '}
            <Link to="/watches/$name" params={{ name: mutation.data }}>
              {mutation.data}
            </Link>
          </>
        )}
      </p>
      {mutation.error === null ? null : <ErrorNote error={mutation.error} />}
    </>
  )
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((each) => each !== '')
}

/** How many events of the catalog each pattern matches, and what may be wrong with it; nothing without a catalog. */
function Matching({ patterns }: { readonly patterns: string }): ReactNode {
  const { data } = useApi<{ readonly hasCatalog: boolean }>('events', {}, 60_000)
  if (data?.hasCatalog !== true) return null
  const words = [...new Set(wordsOf(patterns))].slice(0, 10)
  return words.map((pattern) => <Match key={pattern} pattern={pattern} />)
}

function Match({ pattern }: { readonly pattern: string }): ReactNode {
  const { t, language } = useLanguage()
  const { data } = useApi<MatchReply>('events/match', { pattern }, 60_000)
  if (data === undefined) return null
  const { error, suggestion, events } = data
  return (
    <p className="hint" role="status">
      {error ?? t.watch.matches(pattern, count(events.length, language))}{' '}
      {suggestion === null ? '' : t.events.perhaps(suggestion)}
    </p>
  )
}
