import { describe, expect, test } from 'vitest'
import { chooseClusters } from './cluster-choice.ts'
import type { ClusterSources } from './cluster-choice.ts'
import type { MonitorCluster } from './config.ts'

const credentials = { username: 'warren', password: 'secret' }
const none: ClusterSources = { named: [], config: null, env: {}, vhost: '/' }
const env = { WARREN_MANAGEMENT_USER: 'operator', WARREN_MANAGEMENT_PASSWORD: 'secret of all' }
const own = { username: 'operator', password: 'secret of all' }

function configured(clusters: Readonly<Record<string, MonitorCluster>>): ClusterSources {
  return { ...none, config: { file: '/shop/warren.config.ts', folder: '/shop', config: { monitor: { clusters } } } }
}

const both = configured({
  main: { endpoints: ['http://n1:15672', 'http://n2:15672'], credentials, vhost: 'shop', timeoutMs: 500 },
  dr: { endpoints: ['https://d1:15671'], tls: { ca: '-----BEGIN CERTIFICATE-----', servername: 'd1' } },
})

describe('which clusters', () => {
  test('those of the configuration, in its order, with what it says of them and what the variables say of the rest', async () => {
    expect(await chooseClusters({ ...both, env, vhost: 'other' })).toEqual([
      {
        ...{ name: 'main', vhost: 'shop' },
        management: { endpoints: ['http://n1:15672', 'http://n2:15672'], credentials, timeoutMs: 500 },
      },
      {
        ...{ name: 'dr', vhost: 'other' },
        management: {
          ...{ endpoints: ['https://d1:15671'], credentials: own },
          tls: { ca: '-----BEGIN CERTIFICATE-----', servername: 'd1' },
        },
      },
    ])
  })

  test('those of --url instead, by names of the configuration, and nodes of one name together', async () => {
    const named = ['x=http://a@x1:15672', 'main', 'x=http://a@x2:15672', 'http://y:1']
    const chosen = await chooseClusters({ ...both, named, env })
    expect(chosen.map(({ name, vhost, management: { endpoints } }) => [name, vhost, endpoints])).toEqual([
      ['x', '/', ['http://a@x1:15672', 'http://a@x2:15672']],
      ['main', 'shop', ['http://n1:15672', 'http://n2:15672']],
      ['default', '/', ['http://y:1']],
    ])
    expect(chosen[1]?.management.credentials).toEqual(credentials)
  })

  test('none, when none is named', async () => {
    expect(await chooseClusters(none)).toEqual([])
  })

  test.each<[string, ClusterSources, RegExp]>([
    ['--url is no URL', { ...both, named: ['warren:secret@n1'] }, /^--url "\*\*\*@n1" is neither .* has "main", "dr"$/],
    ['a name is not in the configuration', { ...none, named: ['main'] }, /^--url "main" .* which has none$/],
    ['a URL has the name of one of the configuration', { ...both, named: ['dr=http://u:secret@d2'] }, /--url dr/],
    ['a URL is missing', configured({ main: { endpoints: [undefined] } }), /"main" in \/shop.*variable not set/],
    ['a URL is none', configured({ main: { endpoints: ['//u:secret@n1'] } }), /"main" .* is no management endpoint/],
    ['nobody is named who asks', configured({ main: { endpoints: ['http://n1'] } }), /"main" .* there is no user/],
    [
      'a password is missing',
      configured({ main: { endpoints: ['http://n1'], credentials: { username: 'u', password: undefined } } }),
      /"main" .* credentials without a password; is an environment variable not set/,
    ],
    [
      'a password in a URL is not encoded',
      configured({ main: { endpoints: ['http://u:secret%@n1'] } }),
      /"main" .* cannot be asked/,
    ],
    [
      'a certificate cannot be read',
      configured({ main: { endpoints: ['https://n1'], credentials, tls: { ca: 'no/ca.pem' } } }),
      /"main" .* "tls.ca" that cannot be read \(ENOENT\)/,
    ],
  ])('refuses when %s, without a password', async (_, sources, reason) => {
    const error = await chooseClusters(sources).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: sources.named.length > 0 ? 'USAGE_INVALID' : 'CONFIG_INVALID' })
    const { message, stack, cause } = error as Error
    expect(message).toMatch(reason)
    expect(`${message}${stack ?? ''}${cause instanceof Error ? (cause.stack ?? '') : ''}`).not.toContain('secret')
  })
})
