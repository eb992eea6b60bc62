import { useMutation } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode, SubmitEvent } from 'react'
import type { DefinitionsBody, PlanReply } from '../../../../src/api/definitions.ts'
import { base, post } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { useApi } from '../../api/use-api.ts'
import { useLanguage } from '../../i18n/language.tsx'
import { ClusterNav } from '../../parts/cluster-nav.tsx'
import { DefinitionsPlan } from '../../parts/definitions-plan.tsx'
import { ErrorNote } from '../../parts/error-note.tsx'
import { Loaded } from '../../parts/loaded.tsx'

export function DefinitionsPage(): ReactNode {
  const { t } = useLanguage()
  const { cluster } = useParams({ from: '/cluster/$cluster/definitions' })
  return (
    <>
      <h1>
        {t.definitions.heading} · {cluster}
      </h1>
      <ClusterNav cluster={cluster} />
      <Content key={cluster} cluster={cluster} />
    </>
  )
}

interface Cluster {
  readonly name: string
  readonly vhost: string
}

function Content({ cluster }: { readonly cluster: string }): ReactNode {
  const { t } = useLanguage()
  const clusters = useApi<{ readonly clusters: readonly Cluster[] }>('clusters')
  const path = `clusters/${encodeURIComponent(cluster)}/definitions`
  // What was asked for stays with its plan: the apply is of the same.
  const plan = useMutation({
    mutationFn: async (source: DefinitionsBody) => ({
      source,
      plan: await post<PlanReply>(`${path}/plan`, { source }),
    }),
  })
  return (
    <>
      <section>
        <h2>{t.definitions.export}</h2>
        <p className="hint">{t.definitions.exportHint}</p>
        <a href={`${base}api/${path}`} download className="button">
          {t.definitions.download}
        </a>
      </section>
      <section>
        <h2>{t.definitions.import}</h2>
        <p className="hint">{t.definitions.importHint}</p>
        <FileForm onSource={plan.mutate} isBusy={plan.isPending} />
      </section>
      <section>
        <h2>{t.definitions.sync}</h2>
        <p className="hint">{t.definitions.syncHint}</p>
        <Loaded query={clusters}>
          {({ clusters: all }) => (
            <ClusterForm
              others={all.filter(({ name }) => name !== cluster)}
              onSource={plan.mutate}
              isBusy={plan.isPending}
            />
          )}
        </Loaded>
      </section>
      {plan.error === null ? null : <ErrorNote error={plan.error} />}
      {plan.data === undefined ? null : (
        <DefinitionsPlan
          key={plan.data.plan.id}
          path={path}
          vhost={clusters.data?.clusters.find(({ name }) => name === cluster)?.vhost ?? ''}
          source={plan.data.source}
          plan={plan.data.plan}
        />
      )}
    </>
  )
}

interface FormProps {
  readonly onSource: (source: DefinitionsBody) => void
  readonly isBusy: boolean
}

function FileForm({ onSource, isBusy }: FormProps): ReactNode {
  const { t } = useLanguage()
  const [file, setFile] = useState<File | null>(null)
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    void file?.text().then((text) => onSource({ kind: 'file', text }))
  }
  return (
    <form className="filters" onSubmit={submit}>
      <label>
        {t.definitions.file}
        <input
          type="file"
          accept="application/json,.json"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </label>
      <ShowButton isPossible={file !== null && !isBusy} />
    </form>
  )
}

const sections = [
  ...(['exchanges', 'queues', 'bindings', 'policies', 'operator-policies'] as const),
  ...(['federation', 'shovels', 'vhost-limits'] as const),
] as const

/** What a vhost needs to carry the same messages. */
const usual: ReadonlySet<string> = new Set(['exchanges', 'queues', 'bindings', 'policies'])

function ClusterForm({ others, onSource, isBusy }: FormProps & { readonly others: readonly Cluster[] }): ReactNode {
  const { t } = useLanguage()
  if (others.length === 0) return <p className="hint">{t.definitions.syncNone}</p>
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const from = fields.get('from')
    if (typeof from !== 'string') return
    const only = sections.filter((section) => fields.getAll('only').includes(section))
    onSource({ kind: 'cluster', from, only, toQuorum: fields.get('toQuorum') === 'true' })
  }
  return (
    <form className="filters" onSubmit={submit}>
      <label>
        {t.definitions.from}
        <select name="from">
          {others.map(({ name, vhost }) => (
            <option key={name} value={name}>
              {name} · {vhost}
            </option>
          ))}
        </select>
      </label>
      <fieldset className="checks">
        <legend>{t.definitions.sections}</legend>
        {sections.map((section) => (
          <label key={section} className="check">
            <input type="checkbox" name="only" value={section} defaultChecked={usual.has(section)} />
            {section}
          </label>
        ))}
      </fieldset>
      <label className="check">
        <input type="checkbox" name="toQuorum" value="true" />
        {t.definitions.toQuorum}
      </label>
      <ShowButton isPossible={!isBusy} />
    </form>
  )
}

function ShowButton({ isPossible }: { readonly isPossible: boolean }): ReactNode {
  const { t } = useLanguage()
  const { session } = useSession()
  const isAllowed = session?.user?.role === 'operator'
  return (
    <button
      type="submit"
      className="primary"
      disabled={!isPossible || !isAllowed}
      title={isAllowed ? undefined : t.actions.needsOperator}
    >
      {t.definitions.show}
    </button>
  )
}
