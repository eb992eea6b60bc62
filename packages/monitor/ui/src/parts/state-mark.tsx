import { CircleCheck, CircleDashed, CirclePause, CircleX, Clock, VolumeX } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { SubscriptionProblem, SubscriptionState } from '@warren/bus'
import { useLanguage } from '../i18n/language.tsx'

const looks: Readonly<Record<SubscriptionState, readonly [LucideIcon, string]>> = {
  proven: [CircleCheck, 'good'],
  lagging: [Clock, 'pending'],
  paused: [CirclePause, 'pending'],
  missing: [CircleX, 'bad'],
  silent: [VolumeX, 'bad'],
  unproven: [CircleDashed, 'none'],
  retired: [CircleDashed, 'none'],
}

/** A state by shape, word and colour, so that no one of them is needed to tell it; what else is wrong behind it. */
export function StateMark({
  state,
  problems,
}: {
  readonly state: SubscriptionState
  readonly problems: readonly SubscriptionProblem[]
}): ReactNode {
  const { t } = useLanguage()
  const [Icon, look] = looks[state]
  const others = problems.filter((problem) => problem !== state)
  return (
    <span className={`state ${look}`}>
      <Icon aria-hidden size={16} />
      {[t.states[state], ...others.map((problem) => t.problems[problem])].join(' · ')}
    </span>
  )
}
