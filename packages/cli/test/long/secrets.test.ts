import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Cluster } from '@warren/cluster/local'
import { api, ManagementClient } from '@warren/cluster/management'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import { warren } from '../support/run.ts'
import { canary, canaryForUrl, canaryHash, secretsIn } from '../support/secrets.ts'

/** By where it is. None of them may be in anything that a command writes. */
const secrets = {
  // What the spec takes from elsewhere.
  passwordOfVariable: canary(),
  passwordOfFile: canary(),
  hashInSpec: canaryHash(),
  newPassword: canary(),
  upstream: canary(),
  upstreamOfList: canary(),
  upstreamWithSpecialCharacters: canaryForUrl(),
  keyPassphrase: canary(),
  shovelSource: canary(),
  shovelTarget: canary(),
  refusedUpstream: canary(),
  // What is written into a spec.
  parameterField: canary(),
  namedParameter: canary(),
  literalInUrl: canary(),
  literalPassword: canary(),
  literalInModule: canary(),
  // What the broker has.
  storedHash: canaryHash(),
  storedUpstream: canary(),
  storedShovel: canary(),
  storedParameterField: canary(),
  storedNamedParameter: canary(),
  storedUrlInParameter: canary(),
  // What definitions files have.
  hashInFile: canaryHash(),
  uriInFile: canary(),
  unknownSectionInFile: canary(),
  brokenFile: canary(),
  // Logins of the commands themselves.
  managementUrl: canary(),
  managementVariable: canary(),
  wrongPassword: canary(),
  unreachable: canary(),
  withoutScheme: canary(),
  store: canary(),
  storeWithoutScheme: canary(),
  endpoint: canary(),
  // Made by Warren: read from where it keeps them.
  cookie: '',
  clusterPassword: '',
}

let cluster: Cluster
let client: ManagementClient
let folder: string
let url: string
/** What the secrets were found in, which proves that they were there. */
let places = ''

const env = (): Record<string, string> => ({
  WARREN_HOME: inject('warrenRun').home,
  WARREN_MANAGEMENT_USER: 'operator',
  WARREN_MANAGEMENT_PASSWORD: secrets.managementVariable,
  BY_VARIABLE: secrets.passwordOfVariable,
  NEW_PASSWORD: secrets.newPassword,
  UPSTREAM: secrets.upstream,
  UPSTREAM_OF_LIST: secrets.upstreamOfList,
  UPSTREAM_SPECIAL: encodeURIComponent(secrets.upstreamWithSpecialCharacters),
  KEY_PASSPHRASE: secrets.keyPassphrase,
  SHOVEL_SOURCE: secrets.shovelSource,
  SHOVEL_TARGET: secrets.shovelTarget,
  REFUSED_UPSTREAM: `amqp:/link:${secrets.refusedUpstream}@127.0.0.1:1`,
})

const spec = () => `
name: secrets
users:
  of-variable: { tags: [management], password: { env: BY_VARIABLE } }
  of-file: { tags: [management], password: { file: password.txt } }
  of-hash: { password: { hash: '${secrets.hashInSpec}' } }
  stored: { tags: [management], password: { env: NEW_PASSWORD } }
globalParameters:
  identity: { client_secret: ${secrets.parameterField}, issuer: https://id }
  ldap_password: ${secrets.namedParameter}
vhosts:
  secrets:
    queues: { qu.from: { type: classic }, qu.to: { type: classic } }
    federationUpstreams:
      one: { uri: 'amqp://link:\${UPSTREAM}@127.0.0.1:1' }
      list: { uri: ['amqp://link:\${UPSTREAM_OF_LIST}@127.0.0.1:1', 'amqp://link:\${UPSTREAM_SPECIAL}@127.0.0.1:1'] }
      key: { uri: 'amqps://127.0.0.1:1?certfile=/no.pem&keyfile=/no.key&password=\${KEY_PASSPHRASE}' }
    shovels:
      mover:
        src-uri: 'amqp://link:\${SHOVEL_SOURCE}@127.0.0.1:1'
        src-queue: qu.from
        dest-uri: ['amqp://link:\${SHOVEL_TARGET}@127.0.0.1:1']
        dest-queue: qu.to
`

const definitions = () => ({
  users: [{ name: 'imported', password_hash: secrets.hashInFile, tags: [] }],
  parameters: [
    {
      vhost: 'secrets',
      component: 'federation-upstream',
      name: 'imported',
      value: { uri: `amqp://link:${secrets.uriInFile}@127.0.0.1:1` },
    },
  ],
  vaults: [{ kind: 'of a later version', token: secrets.unknownSectionInFile }],
})

beforeAll(async () => {
  cluster = await privateCluster({
    nodes: 1,
    plugins: ['rabbitmq_shovel', 'rabbitmq_federation', 'rabbitmq_shovel_management', 'rabbitmq_federation_management'],
    users: [{ name: 'operator', tags: ['administrator'], password: secrets.managementVariable }],
  })
  client = cluster.managementClient()
  url = cluster.nodes[0]!.managementUrl
  folder = await mkdtemp(join(tmpdir(), 'warren-secrets-'))
  secrets.clusterPassword = cluster.credentials.password
  const files = await readdir(cluster.folder, { recursive: true })
  const cookie = files.find((file) => file.endsWith('.erlang.cookie'))
  secrets.cookie = await readFile(join(cluster.folder, cookie!), 'utf8')
  places += secrets.cookie
  places += (
    await Promise.all(
      files.filter((file) => file === 'cluster.json').map((file) => readFile(join(cluster.folder, file), 'utf8')),
    )
  ).join()

  const inputs = {
    'warren.yaml': spec(),
    'password.txt': secrets.passwordOfFile,
    'refused.yaml': `name: refused\nvhosts:\n  secrets:\n    federationUpstreams:\n      bad: { uri: '\${REFUSED_UPSTREAM}' }`,
    'literal.yaml': `vhosts:\n  a:\n    shovels:\n      s: { src-uri: "amqp://u:${secrets.literalInUrl}@n1", dest-uri: amqp://, nme: 1 }`,
    'password.yaml': `users:\n  a: { password: ${secrets.literalPassword}, tagz: [] }`,
    'broken.yaml': `users:\n  a: { password: ${secrets.literalPassword}: [`,
    'broken.ts': `export default { globalParameters: { password: '${secrets.literalInModule}' oops } }`,
    'wrong.ts': `export default { globalParameters: { password: '${secrets.literalInModule}' }, nme: '${secrets.literalInModule}' }`,
    'definitions.json': JSON.stringify(definitions()),
    'broken.json': `{"password":"${secrets.brokenFile}"`,
    'broken-at-start.json': secrets.brokenFile,
  }
  for (const [file, text] of Object.entries(inputs)) {
    await writeFile(join(folder, file), text)
    places += text
  }
  places += JSON.stringify(env())
}, 240_000)
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await cluster.down()
}, 60_000)

/** The broker as it was before anybody described it. */
async function plant(): Promise<void> {
  const paths = [
    api`vhosts/secrets`,
    ...['of-variable', 'of-file', 'of-hash', 'imported'].map((user) => api`users/${user}`),
  ]
  for (const path of [...paths, api`global-parameters/warren.owned.secrets`])
    await client.delete(path).catch(() => undefined)
  await client.put(api`vhosts/secrets`)
  for (const user of ['operator', cluster.credentials.username]) {
    await client.put(api`permissions/secrets/${user}`, { configure: '.*', write: '.*', read: '.*' })
  }
  await client.put(api`users/stored`, { password_hash: secrets.storedHash, tags: '' })
  await client.put(api`users/by-url`, { password: secrets.managementUrl, tags: 'administrator' })
  await change(secrets.storedUpstream, secrets.storedShovel, secrets.storedParameterField, secrets.storedNamedParameter)
  const value = { url: `https://user:${secrets.storedUrlInParameter}@id` }
  await client.put(api`global-parameters/place`, { name: 'place', value })
}

async function change(upstream: string, shovel: string, field: string, named: string): Promise<void> {
  await client.put(api`parameters/federation-upstream/secrets/one`, {
    value: { uri: `amqp://link:${upstream}@127.0.0.1:1` },
  })
  const uri = `amqp://link:${shovel}@127.0.0.1:1`
  await client.put(api`parameters/shovel/secrets/mover`, {
    value: { 'src-uri': uri, 'src-queue': 'qu.from', 'dest-uri': uri, 'dest-queue': 'qu.to' },
  })
  const value = { client_secret: field, issuer: 'https://id' }
  await client.put(api`global-parameters/identity`, { name: 'identity', value })
  await client.put(api`global-parameters/ldap_password`, { name: 'ldap_password', value: named })
}

interface Run {
  readonly group: string
  readonly args: readonly string[]
  readonly code: number
}

/** Every command that comes near a secret, as it is told and as programs read it. */
function before(): readonly Run[] {
  const at = (name: string, password: string, host: string): string => `http://${name}:${password}@${host}`
  const host = new URL(url).host
  const error = (code: number, ...args: string[]): Run => ({ group: 'error', args, code })
  return [
    { group: 'plan', args: ['plan', '--url', url], code: 2 },
    { group: 'plan --json', args: ['plan', '--json', '--url', at('by-url', secrets.managementUrl, host)], code: 2 },
    { group: 'plan --out', args: ['plan', '--url', url, '--out', 'out/plan.json'], code: 2 },
    { group: 'spec init', args: ['spec', 'init', '--from', url], code: 0 },
    { group: 'spec init --out', args: ['spec', 'init', '--from', url, '--out', 'out/adopted.yaml', '--json'], code: 0 },
    { group: 'definitions export', args: ['definitions', 'export', '--from', url], code: 0 },
    {
      group: 'definitions export --out',
      args: ['definitions', 'export', '--from', url, '--out', 'out/all.json'],
      code: 0,
    },
    { group: 'definitions diff', args: ['definitions', 'diff', 'definitions.json', url], code: 2 },
    { group: 'definitions diff --json', args: ['definitions', 'diff', url, 'definitions.json', '--json'], code: 2 },
    {
      group: 'definitions import',
      args: ['definitions', 'import', 'definitions.json', '--to', url, '--dry-run', '--json'],
      code: 2,
    },
    { group: 'cluster status', args: ['cluster', 'status', '--name', cluster.name], code: 0 },
    { group: 'cluster status --json', args: ['cluster', 'status', '--name', cluster.name, '--json'], code: 0 },
    error(0, 'cluster', 'logs', '--name', cluster.name, '--lines', '5000'),
    error(78, 'spec', 'check', '--spec', 'literal.yaml', '--debug'),
    error(78, 'spec', 'check', '--spec', 'password.yaml', '--debug'),
    error(78, 'spec', 'check', '--spec', 'broken.yaml', '--debug'),
    error(78, 'spec', 'check', '--spec', 'broken.ts', '--debug'),
    error(78, 'spec', 'check', '--spec', 'wrong.ts', '--debug'),
    error(69, 'plan', '--url', at('operator', secrets.wrongPassword, host), '--debug'),
    error(69, 'plan', '--url', at('operator', secrets.unreachable, '127.0.0.1:1'), '--debug'),
    error(78, 'plan', '--url', `operator:${secrets.withoutScheme}@${host}`, '--debug'),
    error(78, 'plan', '--url', `http:/\\/ope rator:${secrets.withoutScheme}@${host}:x`, '--debug'),
    error(64, 'apply', '--url', url, '--plan', 'broken.json', '--debug'),
    error(64, 'apply', '--url', url, '--plan', 'broken-at-start.json', '--debug'),
    error(78, 'definitions', 'diff', 'broken.json', url, '--debug'),
    error(69, 'messages', 'list', '--store', `postgres://u:${secrets.store}@127.0.0.1:1/shop`, '--debug'),
    error(64, 'messages', 'list', '--store', `mysql:u:${secrets.storeWithoutScheme}@n1`, '--debug'),
    error(0, 'store', 'migrate', '--store', 'sqlite:./relay.db'),
    error(
      78,
      'relay',
      '--store',
      'sqlite:./relay.db',
      '--service',
      's',
      '--entity',
      'order',
      '--endpoint',
      `amqp://u:${secrets.endpoint}#@n1`,
    ),
    { group: 'refusal', args: ['apply', '--spec', 'refused.yaml', '--url', url, '--yes', '--debug'], code: 1 },
    { group: 'apply', args: ['apply', '--url', url, '--yes', '--json'], code: 0 },
  ]
}

/** When it was applied, and changed behind the back of the spec. */
function after(): readonly Run[] {
  return [
    { group: 'drift', args: ['drift', '--url', url], code: 2 },
    { group: 'drift --json', args: ['drift', '--url', url, '--json'], code: 2 },
    {
      group: 'definitions import --yes',
      args: ['definitions', 'import', 'definitions.json', '--to', url, '--yes', '--json'],
      code: 0,
    },
  ]
}

interface Shown {
  readonly run: Run
  readonly text: string
  readonly code: number | null
}

async function tour(
  more: Readonly<Record<string, string>> = {},
  isWalked: (run: Run) => boolean = () => true,
): Promise<readonly Shown[]> {
  await rm(join(folder, 'out'), { recursive: true, force: true })
  await mkdir(join(folder, 'out'))
  await plant()
  const shown: Shown[] = []
  const walk = async (runs: readonly Run[]): Promise<void> => {
    for (const run of runs.filter(isWalked)) {
      const { code, stdout, stderr } = await warren(run.args, { cwd: folder, env: { ...env(), ...more } })
      const out = run.args[run.args.indexOf('--out') + 1]
      const file = run.args.includes('--out') ? await readFile(join(folder, out ?? ''), 'utf8') : ''
      shown.push({ run, text: stdout + stderr + file, code })
      places += run.args.join(' ')
    }
  }
  places += JSON.stringify(await client.get(api`definitions`))
  await walk(before())
  places += JSON.stringify(await client.get(api`definitions`))
  await change(secrets.storedUpstream, secrets.storedShovel, secrets.storedParameterField, secrets.storedNamedParameter)
  await walk(after())
  places += JSON.stringify(await client.get(api`definitions`))
  return shown
}

const leaks = (shown: readonly Shown[]): readonly string[] =>
  shown.flatMap(({ run, text }) => secretsIn(text, secrets).map((name) => `${run.args.slice(0, 3).join(' ')}: ${name}`))

test('no secret is in anything that a command writes', async () => {
  const shown = await tour()
  expect(leaks(shown)).toEqual([])
  const unexpected = shown.filter(({ run, code }) => run.code !== code)
  expect(unexpected.map(({ run, code, text }) => `${run.args.join(' ')} → ${code}: ${text.slice(-300)}`)).toEqual([])
}, 900_000)

test('each of them was where it was put', async () => {
  for (const [username, password] of [
    ['of-variable', secrets.passwordOfVariable],
    ['of-file', secrets.passwordOfFile],
    ['stored', secrets.newPassword],
    ['by-url', secrets.managementUrl],
  ] as const) {
    const login = new ManagementClient({ endpoints: [url], credentials: { username, password } })
    expect(await login.get(api`whoami`)).toMatchObject({ name: username })
  }
  expect(Object.keys(secrets).filter((name) => !secretsIn(places, secrets).includes(name))).toEqual([])
  expect(new Set(Object.values(secrets)).size).toBeGreaterThanOrEqual(25)
})

test('without redaction they are seen: by each command that meets one', async () => {
  const off = pathToFileURL(join(import.meta.dirname, '../support/without-redaction.ts')).href
  // Most errors never had the secret in hand: they say where it is, not what it is.
  const meets = ({ group, args }: Run): boolean =>
    group !== 'error' || secretsIn(args.join(' '), { login: secrets.withoutScheme, store: secrets.store }).length > 0
  const shown = await tour({ NODE_OPTIONS: `--import=${off}` }, meets)
  const leaking = new Set(shown.filter(({ text }) => secretsIn(text, secrets).length > 0).map(({ run }) => run.group))
  const groups = [...before(), ...after()].map(({ group }) => group)
  expect([...new Set(groups)].filter((group) => !leaking.has(group))).toEqual([])
}, 900_000)
