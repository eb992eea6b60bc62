import type { ReactNode } from 'react'
import { exactMoment, moment } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'

/** A time in the reader's zone; the exact one on hover. */
export function Moment({ iso, digits }: { readonly iso: string | null; readonly digits?: 3 }): ReactNode {
  const { language } = useLanguage()
  if (iso === null) return null
  return (
    <time dateTime={iso} title={exactMoment(iso, language)}>
      {moment(iso, language, digits)}
    </time>
  )
}
