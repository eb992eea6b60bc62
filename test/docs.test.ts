import { findingCodes } from '@warren/cluster'
import { clusterErrorCodes } from '@warren/cluster/local'
import { brokerNames, errorCodes } from '@warren/bus'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { retryPolicy } from '../packages/bus/src/inbox/retry-policy.ts'
import { subscription } from '../packages/bus/src/inbox/subscription.ts'
import { cliErrorCodes } from '../packages/cli/src/errors.ts'
import { exitCodes } from '../packages/cli/src/exit-codes.ts'
import { monitorErrorCodes } from '../packages/monitor/src/errors.ts'
import { readApiReference } from './support/docs/api.ts'
import { membersOf } from './support/docs/interfaces.ts'
import { deadLinks } from './support/docs/links.ts'
import { codesIn, markedTables, namesOf, readPage, root } from './support/docs/markdown.ts'
import { lesser, permissionsIn, RestrictedUser } from './support/docs/permissions.ts'
import type { Role } from './support/docs/permissions.ts'

const configuration = readPage('docs/configuration.md')
const errors = readPage('docs/error-codes.md')
const gettingStarted = readPage('docs/getting-started.md')

describe('docs/getting-started.md', () => {
  it('names every adapter', () => {
    const files = globSync('packages/bus/src/adapters/*.ts', { cwd: root }).map((file) => basename(file, '.ts'))
    const [table] = markedTables(gettingStarted, 'adapters')
    const told = table!.rows.map(([, path = '']) => basename(codesIn(path)[0] ?? ''))
    expect(told.toSorted()).toEqual(files.filter((name) => name !== 'opentelemetry').toSorted())
  })
})

describe('docs/configuration.md', () => {
  const interfaces = {
    BusOptions: 'packages/bus/src/bus-options.ts',
    RelayTuning: 'packages/bus/src/bus-options.ts',
    ReconcileOptions: 'packages/bus/src/reconcile/settings.ts',
    TlsOptions: 'packages/bus/src/amqp/tls.ts',
    Retention: 'packages/bus/src/store/contract/retention.ts',
    SubscriptionOptions: 'packages/bus/src/inbox/subscription.ts',
    RetryOptions: 'packages/bus/src/inbox/retry-policy.ts',
    PublishOptions: 'packages/bus/src/outbox/publish.ts',
    PostgresStoreOptions: 'packages/bus/src/store/postgres/index.ts',
    SqliteStoreOptions: 'packages/bus/src/store/sqlite/index.ts',
    BrokerNames: 'packages/bus/src/amqp/names.ts',
    WarrenConfig: 'packages/cli/src/config.ts',
    MonitorCluster: 'packages/cli/src/config.ts',
    MonitorLogin: 'packages/cli/src/config.ts',
    OidcLogin: 'packages/monitor/src/access/oidc/options.ts',
  }
  const tables = markedTables(configuration, 'options')

  it('describes the options of every interface that has some', () => {
    expect(tables.map(({ subject }) => subject).toSorted()).toEqual(Object.keys(interfaces).toSorted())
  })

  it.each(Object.entries(interfaces))('has exactly the options of %s', (name, file) => {
    const table = tables.find(({ subject }) => subject === name)
    expect(namesOf(table!).toSorted()).toEqual(membersOf(file, name).toSorted())
  })

  it.each([
    ['SubscriptionOptions', subscription('order.crm', ['#'], {})],
    ['RetryOptions', retryPolicy()],
  ] as const)('tells the defaults of %s as they are', (name, defaults) => {
    for (const [option = '', told = ''] of tables.find(({ subject }) => subject === name)?.rows ?? []) {
      const value: unknown = Reflect.get(defaults, codesIn(option)[0] ?? '')
      if (typeof value === 'number') expect(`${option} ${told.replaceAll(',', '')}`).toBe(`${option} ${value}`)
      if (typeof value === 'boolean') expect(`${option} ${told}`).toBe(`${option} ${value}`)
    }
  })

  it('tells the names on the broker as they are', () => {
    const names = brokerNames()
    for (const [name = '', told = ''] of tables.find(({ subject }) => subject === 'BrokerNames')?.rows ?? []) {
      const [parameter = ''] = /<\w+>/.exec(told) ?? []
      const value = names[codesIn(name)[0] as keyof typeof names]
      expect(codesIn(told)).toEqual([typeof value === 'string' ? value : value(parameter)])
    }
  })

  it('describes every environment variable that is read, and no other', () => {
    const files = globSync(['packages/*/src/**/*.ts', 'scripts/**/*.{ts,mjs}', 'test/support/**/*.ts'], { cwd: root })
    const read = files
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/\benv\[['"](\w+)['"]\]/g)].map((match) => match[1]))
    const [table] = markedTables(configuration, 'environment')
    expect(namesOf(table!).toSorted()).toEqual([...new Set(read)].toSorted())
  })
})

describe('the permissions of docs/configuration.md', () => {
  const tables = markedTables(configuration, 'permissions')

  it('are told for each role', () => {
    expect(tables.map(({ subject }) => subject)).toEqual(['publisher', 'subscriber', 'spanning subscriber'])
  })

  it.each(tables.map((table) => [table.subject as Role, permissionsIn(table)] as const))(
    'are enough for a %s, and each of them is needed',
    async (role, permissions) => {
      await using user = await RestrictedUser.make()
      expect(await user.works(role, permissions)).toBe(true)
      expect(await user.works(role, { ...permissions, configure: '^$' })).toBe(true)
      for (const { kind, without, permissions: fewer } of lesser(permissions)) {
        await user.clear()
        expect({ kind, without, works: await user.works(role, fewer) }).toEqual({ kind, without, works: false })
      }
    },
    180_000,
  )
})

describe('docs/error-codes.md', () => {
  const tables = markedTables(errors, 'codes')

  it.each([
    ['bus', errorCodes],
    ['cluster', clusterErrorCodes],
    ['cli', cliErrorCodes],
    ['monitor', monitorErrorCodes],
  ] as const)('has every code of %s once, and no other', (subject, registry) => {
    const told = tables.filter((table) => table.subject === subject).flatMap(namesOf)
    expect(told.toSorted()).toEqual(Object.keys(registry).toSorted())
  })

  it('says of every code what happened and what to do', () => {
    for (const { rows } of tables) {
      for (const row of rows) expect(row.map((cell) => cell.length > 0)).toEqual([true, true, true])
    }
  })

  it('has every exit code with its name', () => {
    const [table] = markedTables(errors, 'exit codes')
    const told = table!.rows.map(([code = '', name = '']) => [codesIn(name)[0], Number(code)])
    expect(Object.fromEntries(told)).toEqual(exitCodes)
  })
})

it('docs/cluster-guide.md has every finding of the doctor with its severity, the worst first', () => {
  const [table] = markedTables(readPage('docs/cluster-guide.md'), 'findings')
  const told = table!.rows.map(([code = '', severity = '']) => [codesIn(code)[0], severity])
  const known = Object.entries(findingCodes).map(([code, { severity }]) => [code, severity])
  expect(told.toSorted()).toEqual(known.toSorted())
  const ranks = told.map(([, severity = '']) => ['error', 'warning', 'notice'].indexOf(severity))
  expect(ranks).toEqual(ranks.toSorted())
})

it('docs/api.md is what the page says of itself; if not, "npm run write:api"', async () => {
  expect(readFileSync(join(root, 'docs/api.md'), 'utf8')).toBe(await readApiReference())
})

it('links nowhere that is not there', () => {
  const pages = globSync(['*.md', 'docs/*.md', 'packages/*/*.md', 'examples/*/*.md', 'bench/*.md'], { cwd: root })
  expect(pages.flatMap(deadLinks)).toEqual([])
})
