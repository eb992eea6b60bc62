import { useState } from 'react'
import type { ReactNode } from 'react'
import type { CompensationReply, SettingsReply } from '../../../src/reads/compensation.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from './action.tsx'

type Setting = keyof SettingsReply
type Draft = Readonly<Record<Setting, string>>

/** How a person writes each number: shares in percent, times in seconds. */
const units: Readonly<Record<Exclude<Setting, 'mode'>, number>> = {
  share: 0.01,
  minPerSecond: 1,
  maxMissingShare: 0.01,
  minMissing: 1,
  maxUnansweredMs: 1_000,
}

const settingNames: readonly Setting[] = ['mode', ...(Object.keys(units) as Exclude<Setting, 'mode'>[])]

/** Sets compensation at one publisher, for one subscription or for all. Sends what was changed here alone: somebody else may change the rest. */
export function CompensationForm({
  path,
  store,
  where,
  compensation: { settings, set },
}: {
  /** Below `api/`. */
  readonly path: string
  readonly store: string
  /** For what it is, in the question that is asked. */
  readonly where: string
  readonly compensation: CompensationReply
}): ReactNode {
  const { t } = useLanguage()
  const texts = t.compensation
  // What was typed alone: the rest follows what others set meanwhile.
  const [typed, setTyped] = useState<Partial<Draft>>({})
  const [isSaved, setSaved] = useState(false)
  const initial = draftOf(set?.settings ?? {})
  const now = draftOf(settings ?? {})
  const draft = { ...initial, ...typed }
  const changed = settingNames.filter((name) => draft[name] !== initial[name])
  const type = (name: Setting, value: string): void => {
    setTyped({ ...typed, [name]: value })
    setSaved(false)
  }
  const saved = (): void => {
    setTyped({})
    setSaved(true)
  }
  const shown = (name: Setting, value: string): string =>
    value === ''
      ? texts.asCode
      : name === 'mode'
        ? texts.modes[value as SettingsReply['mode']]
        : `${value} ${texts.units[name]}`
  const number = (name: Exclude<Setting, 'mode'>): ReactNode => (
    <label key={name}>
      {texts.names[name]} ({texts.units[name]})
      <input
        type="number"
        min="0"
        step="any"
        placeholder={now[name]}
        title={texts.emptyHint}
        value={draft[name]}
        onChange={(event) => type(name, event.target.value)}
      />
    </label>
  )
  return (
    <details className="setting">
      <summary>{texts.change(where)}</summary>
      <p className="hint">{texts.formHint}</p>
      <form className="filters" aria-label={texts.formOf(where)} onSubmit={(event) => event.preventDefault()}>
        <label>
          {texts.names.mode}
          <select value={draft.mode} onChange={(event) => type('mode', event.target.value)}>
            <option value="">{texts.asCode}</option>
            {(['auto', 'report', 'off'] as const).map((mode) => (
              <option key={mode} value={mode}>
                {texts.modeMeanings[mode]}
              </option>
            ))}
          </select>
        </label>
        {(Object.keys(units) as Exclude<Setting, 'mode'>[]).map(number)}
      </form>
      <div className="buttons">
        {changed.length === 0 ? null : (
          <Action
            label={texts.save}
            path={path}
            body={{ store, ...Object.fromEntries(changed.map((name) => [name, valueOf(name, draft[name])])) }}
            sure={texts.sure(
              where,
              changed.map((name) => `${texts.names[name]}: ${shown(name, now[name])} → ${shown(name, draft[name])}`),
            )}
            onDone={saved}
          />
        )}
        {set === null ? null : (
          <Action
            label={texts.reset}
            path={`${path}/reset`}
            body={{ store }}
            sure={texts.resetSure(where)}
            onDone={saved}
          />
        )}
        <span role="status">{isSaved ? texts.saved : null}</span>
      </div>
    </details>
  )
}

function draftOf(settings: { readonly [Name in Setting]?: SettingsReply[Name] | undefined }): Draft {
  const text = (name: Exclude<Setting, 'mode'>): string => {
    const value = settings[name]
    // 0.07 / 0.01 is not 7.
    return value === undefined ? '' : String(Number((value / units[name]).toPrecision(12)))
  }
  return {
    ...{ mode: settings.mode ?? '', share: text('share'), minPerSecond: text('minPerSecond') },
    ...{ maxMissingShare: text('maxMissingShare'), minMissing: text('minMissing') },
    maxUnansweredMs: text('maxUnansweredMs'),
  }
}

function valueOf(name: Setting, text: string): string | number | null {
  if (text === '') return null
  return name === 'mode' ? text : Number((Number(text) * units[name]).toPrecision(12))
}
