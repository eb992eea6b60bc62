import { createContext, useContext, useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import { en } from './en.ts'
import type { Messages } from './en.ts'
import { zhTw } from './zh-tw.ts'

export const languages = { en, 'zh-TW': zhTw } as const satisfies Record<string, Messages>

export type Language = keyof typeof languages

interface LanguageValue {
  readonly language: Language
  /** The texts. */
  readonly t: Messages
  readonly setLanguage: (language: Language) => void
}

const LanguageContext = createContext<LanguageValue | null>(null)

export function useLanguage(): LanguageValue {
  const value = useContext(LanguageContext)
  if (value === null) throw new Error('there is no language around this')
  return value
}

const STORED = 'warren.language'

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [language, setLanguage] = useState<Language>(preferred)
  useEffect(() => {
    document.documentElement.lang = language
    localStorage.setItem(STORED, language)
  }, [language])
  const value = useMemo(() => ({ language, t: languages[language], setLanguage }), [language])
  return <LanguageContext value={value}>{children}</LanguageContext>
}

/** The one chosen before, else the browser's. */
function preferred(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored !== null && stored in languages) return stored as Language
  return navigator.languages.some((each) => each.toLowerCase().startsWith('zh')) ? 'zh-TW' : 'en'
}
