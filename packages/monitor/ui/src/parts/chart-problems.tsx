import type { ReactNode } from 'react'
import type { Problem } from '../../../src/charts/problem.ts'
import { useLanguage } from '../i18n/language.tsx'

/** Why something is not in the charts. */
export function ChartProblems({ problems }: { readonly problems: readonly Problem[] }): ReactNode {
  const { t } = useLanguage()
  if (problems.length === 0) return null
  return (
    <ul className="note pending">
      {problems.map(({ kind, name, message }) => (
        <li key={`${kind} ${name}`}>{t.charts.problems[kind](name, message)}</li>
      ))}
    </ul>
  )
}
