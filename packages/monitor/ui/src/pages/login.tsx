import { useRouter, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { ReactNode, SubmitEvent } from 'react'
import { base } from '../api/client.ts'
import type { Login } from '../api/session.tsx'
import { useSession } from '../api/session.tsx'
import { en } from '../i18n/en.ts'
import type { Messages } from '../i18n/en.ts'
import { useLanguage } from '../i18n/language.tsx'
import { ErrorNote } from '../parts/error-note.tsx'
import { LanguageChoice, Mark } from '../parts/frame.tsx'
import { OverviewPage } from './overview.tsx'

type Kind = Login['kind']

export function LoginPage(): ReactNode {
  const { t } = useLanguage()
  const { session, login } = useSession()
  const kinds = session?.logins ?? []
  const oidc = session?.oidc ?? null
  const { to, failed } = parseLoginSearch(Object.fromEntries(new URLSearchParams(location.search)))
  // The token of the link that was printed stands behind the `#`, which no server is sent.
  const [token] = useState(takeToken)
  const [chosen, setChosen] = useState<Kind | null>(token === '' ? null : 'token')
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setIsBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const kind = chosen ?? kinds[0] ?? null

  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (form.current === null || kind === null) return
    const fields = new FormData(form.current)
    const text = (name: string): string => {
      const value = fields.get(name)
      return typeof value === 'string' ? value : ''
    }
    setIsBusy(true)
    login(
      kind === 'token'
        ? { kind, token: text('token').trim() }
        : { kind, username: text('username'), password: text('password') },
    )
      .catch(setError)
      .finally(() => setIsBusy(false))
  }

  return (
    <main className="login">
      <form ref={form} onSubmit={submit} className="card">
        <h1>
          <Mark />
          {t.login.heading}
        </h1>
        {kind === null && oidc === null ? <p>{t.login.none}</p> : null}
        {failed === undefined || oidc === null ? null : (
          <div role="alert" className="note bad">
            <strong>{t.login.failedHeading}</strong>
            <p>{t.login.failed[failed](oidc.name)}</p>
          </div>
        )}
        {oidc === null ? null : (
          <a href={`${base}api/session/oidc?to=${encodeURIComponent(to ?? here())}`} className="button primary">
            {t.login.withOidc(oidc.name)}
          </a>
        )}
        {oidc === null || kind === null ? null : <p className="hint">{t.login.or}</p>}
        {kinds.length < 2 ? null : (
          <fieldset className="choice">
            {kinds.map((each) => (
              <label key={each}>
                <input type="radio" name="kind" checked={kind === each} onChange={() => setChosen(each)} />
                {each === 'token' ? t.login.withToken : t.login.withRabbitmq}
              </label>
            ))}
          </fieldset>
        )}
        {kind === 'token' ? (
          <label>
            {t.login.token}
            <input
              name="token"
              type="password"
              autoComplete="off"
              required
              defaultValue={token}
              aria-describedby="token-hint"
            />
            <small id="token-hint">{t.login.tokenHint}</small>
          </label>
        ) : null}
        {kind === 'rabbitmq' ? (
          <>
            <label>
              {t.login.username}
              <input name="username" autoComplete="username" required />
            </label>
            <label>
              {t.login.password}
              <input name="password" type="password" autoComplete="current-password" required />
            </label>
          </>
        ) : null}
        {error === null ? null : <ErrorNote error={error} />}
        {kind === null ? null : (
          <button type="submit" className={oidc === null ? 'primary' : ''} disabled={isBusy}>
            {t.login.submit}
          </button>
        )}
        <LanguageChoice />
      </form>
    </main>
  )
}

export interface LoginSearch {
  /** Where the reader was. */
  readonly to?: string
  /** Why a login at the provider came to nothing. */
  readonly failed?: keyof Messages['login']['failed']
}

export function parseLoginSearch({ to, failed }: Readonly<Record<string, unknown>>): LoginSearch {
  return {
    // Whoever makes a link to the login leads nowhere but into the page.
    ...(typeof to === 'string' && to.startsWith(base) && !/^[/\\]{2}/.test(to) ? { to } : {}),
    ...(isFailure(failed) ? { failed } : {}),
  }
}

function isFailure(code: unknown): code is keyof Messages['login']['failed'] {
  return typeof code === 'string' && Object.hasOwn(en.login.failed, code)
}

function here(): string {
  const { pathname, search, hash } = location
  // Nothing is there for whoever is logged in.
  return pathname === `${base}login` ? base : `${pathname}${search}${hash}`
}

/** Of a link to the login, for whoever is logged in by now: on to where they were. */
export function LoggedIn(): ReactNode {
  const { history } = useRouter()
  const { to } = useSearch({ from: '/login' })
  useEffect(() => {
    if (to !== undefined) history.replace(to)
  }, [history, to])
  return to === undefined ? <OverviewPage /> : null
}

/** Takes it out of the address, so that it is not in the history. */
function takeToken(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
  if (token !== '') history.replaceState(null, '', location.pathname)
  return token
}
