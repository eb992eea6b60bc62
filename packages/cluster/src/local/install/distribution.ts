import { readFile } from 'node:fs/promises'

export type Distribution = 'debian' | 'fedora' | 'macos' | 'other'
export type Product = 'RabbitMQ' | 'PostgreSQL'

/** Which family of systems this is, by `/etc/os-release`; Ubuntu and other descendants count as Debian. */
export function distributionOf(platform: NodeJS.Platform, osRelease: string): Distribution {
  if (platform === 'darwin') return 'macos'
  if (platform !== 'linux') return 'other'
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap((match) =>
    (match[1] ?? '').replace(/["']/g, '').split(' '),
  )
  if (ids.includes('debian') || ids.includes('ubuntu')) return 'debian'
  if (ids.some((id) => ['fedora', 'rhel', 'centos'].includes(id))) return 'fedora'
  return 'other'
}

export async function thisDistribution(): Promise<Distribution> {
  return distributionOf(process.platform, await readFile('/etc/os-release', 'utf8').catch(() => ''))
}

const commands: Record<Product, { fedora: string; macos: string; docker: string; settings: readonly string[] }> = {
  RabbitMQ: {
    fedora: 'sudo dnf install rabbitmq-server',
    macos: 'brew install rabbitmq',
    docker: 'docker run --rm -p 127.0.0.1:5672:5672 -p 127.0.0.1:15672:15672 rabbitmq:4-management',
    settings: [
      'WARREN_RABBITMQ_SBIN=/path/to/sbin      the folder that holds rabbitmq-server and rabbitmqctl',
      'WARREN_ENDPOINTS=amqp://guest:guest@127.0.0.1:5672      a broker that runs already',
    ],
  },
  PostgreSQL: {
    fedora: 'sudo dnf install postgresql-server',
    macos: 'brew install postgresql@17',
    docker: 'docker run --rm -e POSTGRES_PASSWORD=warren -p 127.0.0.1:5432:5432 postgres:17',
    settings: [
      'WARREN_POSTGRES_BIN=/path/to/bin      the folder that holds initdb and postgres',
      'DATABASE_URL=postgres://postgres:warren@127.0.0.1:5432/postgres      a server that runs already',
    ],
  },
}

/** The one message for a system where the product is missing and Warren cannot bring it. */
export function refusal(product: Product, distribution: Distribution): string {
  const { fedora, macos, docker, settings } = commands[product]
  const own = distribution === 'fedora' ? fedora : distribution === 'macos' ? macos : undefined
  const ways = own === undefined ? [`Fedora   ${fedora}`, `macOS    ${macos}`] : [`Install  ${own}`]
  return [
    `${product} is not on this machine, and only on Debian and Ubuntu can it be unpacked without root. Either install it:`,
    ...ways.map((way) => `  ${way}`),
    `  Docker   ${docker}`,
    'or say what you have:',
    ...settings.map((setting) => `  ${setting}`),
  ].join('\n')
}
