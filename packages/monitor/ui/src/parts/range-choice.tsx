import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { RangeName } from '../../../src/charts/range.ts'
import { useLanguage } from '../i18n/language.tsx'

const ranges: readonly RangeName[] = ['15m', '1h', '6h', '24h']

export interface RangeSearch {
  readonly range?: RangeName
}

export function parseRangeSearch(search: Readonly<Record<string, unknown>>): RangeSearch {
  const range = ranges.find((each) => each === search['range'])
  return range === undefined ? {} : { range }
}

/** Of which time charts are; in the address, so that it has a link. */
export function RangeChoice({
  range,
  subscription,
}: {
  readonly range: RangeName
  readonly subscription?: string
}): ReactNode {
  const { t } = useLanguage()
  return (
    <nav className="ranges" aria-label={t.charts.range}>
      {ranges.map((each) => {
        const rest = {
          search: (others: object) => ({ ...others, range: each }),
          className: each === range ? 'button chosen' : 'button',
          'aria-current': each === range ? ('true' as const) : ('false' as const),
          // The page stays where it is.
          resetScroll: false,
          children: t.charts.ranges[each],
        }
        return subscription === undefined ? (
          <Link key={each} to="/" {...rest} />
        ) : (
          <Link key={each} to="/subscriptions/$name" params={{ name: subscription }} {...rest} />
        )
      })}
    </nav>
  )
}
