import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import type { LogoutReply, SessionReply } from '../../../src/api/session.ts'
import { get, post, remove, setCsrfToken } from './client.ts'

export type Login =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'rabbitmq'; readonly username: string; readonly password: string }

interface SessionValue {
  /** Null while it is asked for. */
  readonly session: SessionReply | null
  readonly error: unknown
  readonly login: (login: Login) => Promise<void>
  readonly logout: () => Promise<void>
  /** Asks again who is logged in: a session can end by itself. */
  readonly refresh: () => Promise<void>
}

const SessionContext = createContext<SessionValue | null>(null)

export function useSession(): SessionValue {
  const value = useContext(SessionContext)
  if (value === null) throw new Error('there is no session around this')
  return value
}

export function SessionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [session, setSession] = useState<SessionReply | null>(null)
  const [error, setError] = useState<unknown>(null)
  const take = useCallback((next: SessionReply): void => {
    setCsrfToken(next.csrfToken)
    setError(null)
    setSession(next)
  }, [])
  useEffect(() => {
    get<SessionReply>('session').then(take, setError)
  }, [take])
  const actions = useMemo(
    () => ({
      login: async (login: Login) => take(await post<SessionReply>('session', login)),
      logout: async () => {
        const reply = await remove<LogoutReply>('session')
        if (reply.providerLogoutUrl === null) take(reply)
        else location.assign(reply.providerLogoutUrl)
      },
      refresh: async () => take(await get<SessionReply>('session')),
    }),
    [take],
  )
  const value = useMemo<SessionValue>(() => ({ session, error, ...actions }), [session, error, actions])
  return <SessionContext value={value}>{children}</SessionContext>
}
