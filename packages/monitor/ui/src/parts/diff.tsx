import { useMemo } from 'react'
import type { ReactNode } from 'react'
import { lineDiff } from '../../../src/line-diff.ts'
import { useLanguage } from '../i18n/language.tsx'
import { indented } from './json.tsx'

const signs = { same: ' ', removed: '−', added: '+' } as const

/** What has changed from one JSON text to the other, line by line; by sign and word as well as by colour. */
export function Diff({
  before,
  after,
  label,
}: {
  readonly before: string
  readonly after: string
  readonly label: string
}): ReactNode {
  const { t } = useLanguage()
  const lines = useMemo(() => lineDiff(indented(before), indented(after)), [before, after])
  if (lines.every(({ kind }) => kind === 'same')) return <p className="hint">{t.edit.same}</p>
  const words = { same: undefined, removed: t.edit.removed, added: t.edit.added }
  return (
    <pre className="json diff" tabIndex={0} role="region" aria-label={label}>
      {lines.map(({ kind, text }, index) => (
        // A line has no name but its place.
        <span key={index} className={kind} title={words[kind]}>
          {`${signs[kind]} ${text}\n`}
        </span>
      ))}
    </pre>
  )
}
