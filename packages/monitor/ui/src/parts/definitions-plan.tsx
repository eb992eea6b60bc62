import type { ReactNode } from 'react'
import type { DefinitionsBody, PlanReply, StepRow } from '../../../src/api/definitions.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from './action.tsx'
import { Table } from './table.tsx'

const looks = { create: 'good', overwrite: 'pending', skip: 'bad' } as const

/** What definitions would do, and the button that does it. */
export function DefinitionsPlan({
  path,
  vhost,
  source,
  plan,
}: {
  readonly path: string
  readonly vhost: string
  readonly source: DefinitionsBody
  readonly plan: PlanReply
}): ReactNode {
  const { t, language } = useLanguage()
  const { steps, counts, blocking, notes, ignored, surplus } = plan
  const [create, overwrite] = [count(counts.create, language), count(counts.overwrite, language)]
  const total = counts.create + counts.overwrite + counts.skip
  return (
    <section>
      <h2>{t.definitions.plan}</h2>
      <p role="status">{total === 0 ? t.definitions.planNothing : t.definitions.planCounts(create, overwrite)}</p>
      {blocking.length === 0 ? null : (
        <div className="note bad">
          <strong>{t.definitions.blocked}</strong>
          <ul>
            {blocking.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </div>
      )}
      {total === 0 ? null : (
        <Table
          label={t.definitions.plan}
          rows={steps}
          keyOf={({ section, identity }) => JSON.stringify([section, identity])}
          columns={[
            { heading: t.definitions.name, cell: nameOf, isWide: true },
            { heading: t.definitions.section, cell: ({ section }) => section },
            {
              heading: t.definitions.action,
              cell: ({ action }) => <span className={`state ${looks[action]}`}>{t.definitions.actions[action]}</span>,
            },
            { heading: t.definitions.changes, cell: (step) => <Changes step={step} />, isWide: true },
          ]}
        />
      )}
      {total > steps.length ? <p className="hint">{t.definitions.more(count(steps.length, language))}</p> : null}
      {ignored.length === 0 ? null : <p className="hint">{t.definitions.ignored(ignored.join(', '))}</p>}
      {surplus === null || surplus === 0 ? null : (
        <p className="hint">{t.definitions.surplus(count(surplus, language))}</p>
      )}
      {notes.map(({ level, label, message }) => (
        <p key={`${label} ${message}`} className="hint">
          {level} · {label}: {message}
        </p>
      ))}
      {total === 0 || blocking.length > 0 ? null : (
        <p className="buttons below">
          <Action
            label={t.definitions.apply}
            path={`${path}/apply`}
            body={{ source, plan: plan.id }}
            sure={t.definitions.applySure(create, overwrite, vhost)}
            done={t.definitions.applied}
          />
        </p>
      )}
    </section>
  )
}

/** A binding is all that it is; everything else has a name. */
function nameOf({ identity }: StepRow): string {
  const { name, source, destination, routing_key: key } = identity
  if (typeof name === 'string') return name
  if (typeof source === 'string' && typeof destination === 'string')
    return `${source} → ${destination}${typeof key === 'string' ? ` (${key})` : ''}`
  return Object.values(identity).map(String).join(' · ')
}

function Changes({ step: { action, changes } }: { readonly step: StepRow }): ReactNode {
  // What is new is told by its name: the file has the rest.
  if (action === 'create') return null
  return (
    <ul className="plain">
      {changes.map(({ path, before, after }) => (
        <li key={path}>
          <code>
            {path}: {JSON.stringify(before)} → {JSON.stringify(after)}
          </code>
        </li>
      ))}
    </ul>
  )
}
