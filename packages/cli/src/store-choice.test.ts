import { describe, expect, test } from 'vitest'
import { chooseStores } from './store-choice.ts'
import type { StoreSources } from './store-choice.ts'

const config = {
  file: '/shop/warren.config.ts',
  folder: '/shop',
  config: { stores: { orders: 'sqlite:./orders.db', crm: undefined, pg: 'postgres://u:secret@db/shop?schema=crm' } },
}
const none: StoreSources = { named: [], config: null, env: {}, cwd: '/here' }

describe('which stores', () => {
  test('those of --store come first, relative to where the command was started', () => {
    const chosen = chooseStores({ ...none, named: ['sqlite:./x.db'], config, env: { WARREN_STORE: 'sqlite:/y.db' } })
    expect(chosen).toEqual([{ label: 'sqlite:./x.db', location: { kind: 'sqlite', path: '/here/x.db' } }])
  })

  test('--store takes names of the configuration, relative to its folder', () => {
    expect(chooseStores({ ...none, named: ['orders'], config })).toEqual([
      { label: 'orders', location: { kind: 'sqlite', path: '/shop/orders.db' } },
    ])
  })

  test('the variable comes last, and WARREN_STORE before DATABASE_URL', () => {
    const env = { WARREN_STORE: 'sqlite:/y.db', DATABASE_URL: 'postgres://db/shop' }
    expect(chooseStores({ ...none, env })).toMatchObject([{ location: { path: '/y.db' } }])
    expect(chooseStores({ ...none, env: { DATABASE_URL: env.DATABASE_URL } })).toMatchObject([
      { location: { kind: 'postgres', connectionString: 'postgres://db/shop' } },
    ])
  })

  test('the schema is taken out of the URL, and the password out of the name', () => {
    expect(chooseStores({ ...none, named: [config.config.stores.pg] })).toEqual([
      {
        label: 'postgres://u:***@db/shop?schema=crm',
        location: { kind: 'postgres', connectionString: 'postgres://u:secret@db/shop', schema: 'crm' },
      },
    ])
  })

  test.each([
    ['nothing is named', none, /no store: use --store/],
    ['a configured store has no URL', { ...none, config }, /"crm" in .*warren.config.ts has no URL/],
    ['a name is not in the configuration', { ...none, config, named: ['order'] }, /it has "orders", "crm", "pg"/],
    ['no file is named', { ...none, named: ['sqlite:'] }, /names no file/],
    ['a host is named where a file should be', { ...none, named: ['sqlite://host/x.db'] }, /names no file/],
  ])('refuses when %s', (_, sources, reason) => {
    expect(() => chooseStores(sources)).toThrow(reason)
  })
})
