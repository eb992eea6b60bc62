import { Link } from '@tanstack/react-router'
import { Activity, BookOpen, History, Mail, Network, Rss, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { useSession } from '../api/session.tsx'
import { languages, useLanguage } from '../i18n/language.tsx'
import type { Language } from '../i18n/language.tsx'
import { themes, useTheme } from '../theme.ts'
import type { Theme } from '../theme.ts'

/** Around every page: where one can go, and who one is. */
export function Frame({ children }: { readonly children: ReactNode }): ReactNode {
  const { t } = useLanguage()
  return (
    <div className="frame">
      <header className="bar">
        <Link to="/" className="brand">
          <Mark />
          {t.title}
        </Link>
        <nav aria-label={t.nav.label}>
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
            <Activity aria-hidden size={16} />
            {t.nav.overview}
          </Link>
          <Link to="/subscriptions">
            <Rss aria-hidden size={16} />
            {t.nav.subscriptions}
          </Link>
          <Link to="/messages" search={{}}>
            <Mail aria-hidden size={16} />
            {t.nav.messages}
          </Link>
          <Link to="/failures" search={{}}>
            <TriangleAlert aria-hidden size={16} />
            {t.nav.failures}
          </Link>
          <Link to="/events">
            <BookOpen aria-hidden size={16} />
            {t.nav.events}
          </Link>
          <Link to="/cluster">
            <Network aria-hidden size={16} />
            {t.nav.cluster}
          </Link>
          <Link to="/activity" search={{}}>
            <History aria-hidden size={16} />
            {t.nav.activity}
          </Link>
        </nav>
        <Settings />
      </header>
      <main id="content">{children}</main>
    </div>
  )
}

export function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="7" />
      <path d="M9 25V14a7 7 0 0 1 14 0v11" />
      <path d="m12.5 18.5 3 3 5-6" />
    </svg>
  )
}

function Settings(): ReactNode {
  const { t } = useLanguage()
  const { session, logout } = useSession()
  const user = session?.user ?? null
  return (
    <div className="settings">
      <ThemeChoice />
      <LanguageChoice />
      {user === null ? null : (
        <>
          <span className="user" title={t.settings.roles[user.role]}>
            {user.name}
          </span>
          <button type="button" className="quiet" onClick={() => void logout()}>
            {t.settings.logout}
          </button>
        </>
      )}
    </div>
  )
}

export function LanguageChoice(): ReactNode {
  const { t, language, setLanguage } = useLanguage()
  return (
    <select
      aria-label={t.settings.language}
      value={language}
      onChange={(event) => setLanguage(event.target.value as Language)}
    >
      {Object.entries(languages).map(([key, messages]) => (
        <option key={key} value={key} lang={key}>
          {messages.language}
        </option>
      ))}
    </select>
  )
}

function ThemeChoice(): ReactNode {
  const { t } = useLanguage()
  const [theme, setTheme] = useTheme()
  return (
    <select aria-label={t.settings.theme} value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
      {themes.map((each) => (
        <option key={each} value={each}>
          {t.settings.themes[each]}
        </option>
      ))}
    </select>
  )
}
