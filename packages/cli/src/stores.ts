import { setTimeout } from 'node:timers/promises'
import type { Logger, Store } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import type * as postgres from '@warren/bus/postgres'
import { CliError, codeOf } from './errors.ts'
import { exists } from './exists.ts'
import type { Session } from './session.ts'
import type { ChosenStore } from './store-choice.ts'
import { chooseStores } from './store-choice.ts'

/** The option of every command that reads stores. */
export interface StoreOptions {
  readonly store?: readonly string[]
}

/** The stores that this run works on. */
export async function chosenStores(session: Session, options: StoreOptions): Promise<readonly ChosenStore[]> {
  const { cwd, env } = session
  return chooseStores({ named: options.store ?? [], config: await session.config(), env, cwd })
}

/** The one store that this run works on. Throws USAGE_INVALID when there are several. */
export async function chosenStore(session: Session, options: StoreOptions): Promise<ChosenStore> {
  const [first, ...others] = await chosenStores(session, options)
  if (first === undefined || others.length > 0) {
    const known = [first, ...others].map((chosen) => `--store ${chosen?.label ?? ''}`).join(', ')
    throw new CliError('USAGE_INVALID', `this command works on one store; choose one of ${known}`)
  }
  return first
}

/**
 * Runs `work` on the started stores and stops them. Nothing is created and nothing is migrated: throws STORE_NOT_FOUND
 * and STORE_NOT_MIGRATED instead, with the store's name where there are several.
 */
export function withStores<T>(
  session: Session,
  options: StoreOptions,
  work: (stores: readonly NamedStore[]) => Promise<T>,
): Promise<T> {
  return withOpened(session, options, work, ({ store }) => store.start())
}

const RESTART_MS = 5_000

/**
 * The same for work that goes on until it is ended: a store whose server is away is there all the same, throws STORE_UNAVAILABLE, and is
 * started when its server is back.
 */
export async function withLastingStores<T>(
  session: Session,
  options: StoreOptions,
  logger: Logger,
  work: (stores: readonly NamedStore[]) => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const restarting: Promise<void>[] = []
  try {
    return await withOpened(session, options, work, async (opened) => {
      try {
        await opened.store.start()
      } catch (error) {
        if (!opened.store.isUnavailable(error)) throw error
        logger.warn({ store: opened.label, error }, 'a store is away; trying again')
        restarting.push(startWhenBack(opened, logger, ended.signal))
      }
    })
  } finally {
    ended.abort()
    await Promise.all(restarting)
  }
}

async function startWhenBack({ label, store }: NamedStore, logger: Logger, ended: AbortSignal): Promise<void> {
  for (;;) {
    await setTimeout(RESTART_MS, undefined, { signal: ended }).catch(() => undefined)
    if (ended.aborted) return
    try {
      await store.start()
      logger.info({ store: label }, 'the store is back')
      return
    } catch (error) {
      // What is wrong with it now may be mended as well: it was not migrated, say.
      if (!store.isUnavailable(error)) logger.error({ store: label, error }, 'the store cannot be used')
    }
  }
}

async function withOpened<T>(
  session: Session,
  options: StoreOptions,
  work: (stores: readonly NamedStore[]) => Promise<T>,
  start: (store: NamedStore) => Promise<void>,
): Promise<T> {
  const chosen = await chosenStores(session, options)
  const opened: NamedStore[] = []
  try {
    for (const each of chosen) {
      await told(each, chosen.length, async () => {
        const named = { label: each.label, store: await openStore(each) }
        opened.push(named)
        await start(named)
      })
    }
    return await work(opened)
  } finally {
    await Promise.all(opened.map(({ store }) => store.stop()))
  }
}

/** Makes the store without starting it. Throws STORE_NOT_FOUND for a SQLite file that is not there. */
export async function openStore(chosen: ChosenStore, options: { readonly mayCreate?: boolean } = {}): Promise<Store> {
  const { location, label } = chosen
  if (location.kind === 'sqlite') {
    if (options.mayCreate !== true && !(await exists(location.path))) {
      throw new CliError(
        'STORE_NOT_FOUND',
        `there is no file ${location.path}; correct the path, or create it with "warren store migrate --store ${label}"`,
      )
    }
    const { sqliteStore } = await import('@warren/bus/sqlite')
    return sqliteStore({ path: location.path, migrate: 'off' })
  }
  const { postgresStore } = await importPostgres()
  const { connectionString, schema } = location
  return postgresStore({
    connectionString,
    migrate: 'off',
    maxConnections: 4,
    ...(schema === undefined ? {} : { schema }),
  })
}

async function importPostgres(): Promise<typeof postgres> {
  try {
    return await import('@warren/bus/postgres')
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new CliError('STORE_DRIVER_MISSING', 'the package "pg" is not installed; run npm install pg', error)
  }
}

/** Several stores are open: an error says which one it is about. */
async function told<T>(chosen: ChosenStore, count: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (count === 1 || !(error instanceof Error)) throw error
    error.message = `store ${chosen.label}: ${error.message}`
    throw error
  }
}
