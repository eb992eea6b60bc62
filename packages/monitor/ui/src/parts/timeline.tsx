import {
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Clock,
  Hourglass,
  Inbox,
  RotateCw,
  Send,
  Trash2,
  Unplug,
  UserRound,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { StepRow } from '../../../src/api/messages.ts'
import { count, duration, named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { SubscriptionLink } from '../pages/subscriptions.tsx'
import { Moment } from './moment.tsx'

const looks: Readonly<Record<StepRow['kind'], readonly [LucideIcon, string]>> = {
  published: [Send, 'none'],
  sent: [CircleCheck, 'none'],
  unsent: [Clock, 'pending'],
  received: [Inbox, 'none'],
  failed: [RotateCw, 'pending'],
  parked: [CircleX, 'bad'],
  lost: [Unplug, 'bad'],
  waiting: [Hourglass, 'pending'],
  suspected: [CircleHelp, 'pending'],
  missing: [CircleX, 'bad'],
  resent: [Send, 'none'],
  'gave-up': [CircleX, 'bad'],
  recovered: [CircleCheck, 'good'],
  waived: [CircleDashed, 'none'],
  acted: [UserRound, 'none'],
  handled: [CircleCheck, 'good'],
  discarded: [Trash2, 'none'],
}

/** What happened to one event, oldest first. */
export function Timeline({ steps }: { readonly steps: readonly StepRow[] }): ReactNode {
  const { t } = useLanguage()
  return (
    <section>
      <h2>{t.timeline.heading}</h2>
      <p className="hint">{t.timeline.hint}</p>
      <ol className="timeline" aria-label={t.timeline.heading}>
        {steps.map((step, index) => (
          <li key={`${index} ${step.kind}`}>
            {step.at === null ? <span className="hint">{t.timeline.noTime}</span> : <Moment iso={step.at} digits={3} />}
            <What step={step} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function What({ step }: { readonly step: StepRow }): ReactNode {
  const { t, language } = useLanguage()
  const { kind, subscription, by, attempt, code, error } = step
  const [Icon, look] = looks[kind]
  const ranMs = ranFor(step)
  const number = kind === 'unsent' || kind === 'resent' ? t.timeline.times : t.timeline.attempt
  // What a person did is the step.
  const why = [by === null && code !== null ? named(t.missingCauses, code) : null, error]
    .filter((each) => each !== null)
    .join(' · ')
  return (
    <div>
      <span className={`state ${look}`}>
        <Icon aria-hidden size={16} />
        {kind === 'acted' ? named(t.timeline.actions, code ?? '') : t.timeline.kinds[kind]}
      </span>
      {subscription === null ? null : <SubscriptionLink name={subscription} />}
      {attempt === null || attempt === 0 ? null : <span>{number(count(attempt, language))}</span>}
      {ranMs === null ? null : <span>{t.timeline.after(duration(ranMs))}</span>}
      {by === null ? null : <span>{t.timeline.by(by)}</span>}
      {why === '' ? null : <span>{why}</span>}
    </div>
  )
}

/** How long an attempt took; null where there was none, or where it never ended. */
function ranFor({ kind, at, beganAt }: StepRow): number | null {
  return kind === 'lost' || at === null || beganAt === null ? null : Date.parse(at) - Date.parse(beganAt)
}
