import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRootRoute, createRoute, createRouter, Outlet, RouterProvider, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { base } from './api/client.ts'
import { SessionProvider, useSession } from './api/session.tsx'
import { LanguageProvider } from './i18n/language.tsx'
import { ActivityPage, parseActivitySearch } from './pages/activity.tsx'
import { parseBackfillSearch, type BackfillSearch } from './pages/backfills.tsx'
import { ClusterPage } from './pages/cluster.tsx'
import { ConnectionsPage, parseConnectionSearch } from './pages/cluster/connections.tsx'
import { DefinitionsPage } from './pages/cluster/definitions.tsx'
import { GraphPage, parseGraphSearch } from './pages/cluster/graph.tsx'
import { PoliciesPage } from './pages/cluster/policies.tsx'
import { QueuePage } from './pages/cluster/queue.tsx'
import { EventPage } from './pages/event.tsx'
import { EventsPage } from './pages/events.tsx'
import { parseFailureEditSearch } from './pages/failure-edit.tsx'
import { FailurePage } from './pages/failure.tsx'
import { FailuresPage, parseFailureSearch } from './pages/failures.tsx'
import { LoggedIn, LoginPage, parseLoginSearch } from './pages/login.tsx'
import { MessagePage } from './pages/message.tsx'
import { MessagesPage, parseMessageSearch } from './pages/messages.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { SubscriptionPage } from './pages/subscription.tsx'
import { SubscriptionsPage } from './pages/subscriptions.tsx'
import { WatchPage } from './pages/watch.tsx'
import { parseWatchesSearch, WatchesPage } from './pages/watches.tsx'
import { parseRangeSearch, type RangeSearch } from './parts/range-choice.tsx'
import { ErrorNote } from './parts/error-note.tsx'
import { Frame } from './parts/frame.tsx'

function Root(): ReactNode {
  const { session, error } = useSession()
  if (session === null) return error === null ? null : <ErrorNote error={error} onRetry={() => location.reload()} />
  if (session.user === null) return <LoginPage />
  return (
    <Frame>
      <Outlet />
    </Frame>
  )
}

function Watches(): ReactNode {
  return <WatchesPage {...useSearch({ from: '/watches' })} />
}

const root = createRootRoute({ component: Root })
const getParentRoute = (): typeof root => root
const pages = [
  createRoute({ getParentRoute, path: '/', component: OverviewPage, validateSearch: parseRangeSearch }),
  // The link that is printed at the start, and where a login at a provider that failed leads.
  createRoute({ getParentRoute, path: '/login', component: LoggedIn, validateSearch: parseLoginSearch }),
  createRoute({ getParentRoute, path: '/subscriptions', component: SubscriptionsPage }),
  createRoute({
    ...{ getParentRoute, path: '/subscriptions/$name', component: SubscriptionPage },
    validateSearch: (search: Readonly<Record<string, unknown>>): RangeSearch & BackfillSearch => ({
      ...parseRangeSearch(search),
      ...parseBackfillSearch(search),
    }),
  }),
  createRoute({ getParentRoute, path: '/messages', component: MessagesPage, validateSearch: parseMessageSearch }),
  createRoute({ getParentRoute, path: '/messages/$id', component: MessagePage }),
  createRoute({ getParentRoute, path: '/failures', component: FailuresPage, validateSearch: parseFailureSearch }),
  createRoute({
    getParentRoute,
    path: '/failures/$subscription/$id',
    component: FailurePage,
    validateSearch: parseFailureEditSearch,
  }),
  createRoute({ getParentRoute, path: '/events', component: EventsPage }),
  createRoute({ getParentRoute, path: '/events/$name', component: EventPage }),
  createRoute({ getParentRoute, path: '/cluster', component: ClusterPage }),
  createRoute({
    getParentRoute,
    path: '/cluster/$cluster/graph',
    component: GraphPage,
    validateSearch: parseGraphSearch,
  }),
  createRoute({ getParentRoute, path: '/cluster/$cluster/definitions', component: DefinitionsPage }),
  createRoute({ getParentRoute, path: '/cluster/$cluster/policies', component: PoliciesPage }),
  createRoute({
    getParentRoute,
    path: '/cluster/$cluster/connections',
    component: ConnectionsPage,
    validateSearch: parseConnectionSearch,
  }),
  createRoute({ getParentRoute, path: '/cluster/$cluster/queues/$queue', component: QueuePage }),
  createRoute({ getParentRoute, path: '/watches', component: Watches, validateSearch: parseWatchesSearch }),
  createRoute({ getParentRoute, path: '/watches/$name', component: WatchPage }),
  createRoute({ getParentRoute, path: '/activity', component: ActivityPage, validateSearch: parseActivitySearch }),
] as const

const router = createRouter({ routeTree: root.addChildren(pages), basepath: base })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

const queries = new QueryClient()

export function App(): ReactNode {
  return (
    <LanguageProvider>
      <SessionProvider>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </SessionProvider>
    </LanguageProvider>
  )
}
