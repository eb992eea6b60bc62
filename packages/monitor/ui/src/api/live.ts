import { useEffect, useState } from 'react'
import type { Overview } from '../../../src/reads/overview.ts'
import { base } from './client.ts'
import { useSession } from './session.tsx'

export interface LiveOverview {
  /** Null until the first one has come. */
  readonly overview: Overview | null
  /** False while the server does not answer: what is shown is of before. */
  readonly isConnected: boolean
}

const REOPEN_MS = 2_000

/** The overview as it changes. */
export function useLiveOverview(): LiveOverview {
  const [live, setLive] = useState<LiveOverview>({ overview: null, isConnected: true })
  const { refresh } = useSession()
  useEffect(() => {
    let source: EventSource
    let timer: number | undefined
    const open = (): void => {
      source = new EventSource(`${base}api/live`)
      source.addEventListener('overview', (event: MessageEvent<string>) => {
        setLive({ overview: JSON.parse(event.data) as Overview, isConnected: true })
      })
      source.onopen = () => setLive((before) => ({ ...before, isConnected: true }))
      source.onerror = () => {
        setLive((before) => ({ ...before, isConnected: false }))
        // The browser connects again by itself, but not after an answer that is no stream: of a server that has begun anew and
        // knows no session, or of a proxy whose server is away.
        if (source.readyState !== EventSource.CLOSED) return
        refresh().catch(() => undefined)
        timer = window.setTimeout(open, REOPEN_MS)
      }
    }
    open()
    return () => {
      window.clearTimeout(timer)
      source.close()
    }
  }, [refresh])
  return live
}
