import { BellRing, CircleCheck, CircleDashed } from 'lucide-react'
import type { ReactNode } from 'react'
import type { OverviewWatch } from '../../../src/reads/watches.ts'
import { count, duration } from '../i18n/format.ts'
import type { Language } from '../i18n/language.tsx'
import { useLanguage } from '../i18n/language.tsx'
import type { Messages } from '../i18n/en.ts'

/** Why the alarm of a watch is on, in one sentence; empty while it is not. */
export function alarmText({ alarms }: Pick<OverviewWatch, 'alarms'>, t: Messages, language: Language): string {
  return alarms
    .map(({ kind, subscription, value }) =>
      t.watch.alarms[kind](kind === 'unhandled' ? duration(value) : count(value, language), subscription),
    )
    .join(', ')
}

/** Calm, or its alarm by shape, word and colour. */
export function WatchState({ watch }: { readonly watch: OverviewWatch }): ReactNode {
  const { t } = useLanguage()
  const isOn = watch.alarms.length > 0
  const isUpcoming = watch.phase === 'upcoming'
  const Icon = isOn ? BellRing : isUpcoming ? CircleDashed : CircleCheck
  return (
    <span className={`state ${isOn ? 'bad' : isUpcoming ? 'none' : 'good'}`}>
      <Icon aria-hidden size={16} />
      {isOn ? t.watch.alarmOn : isUpcoming ? t.watch.phases.upcoming : t.watch.calm}
    </span>
  )
}
