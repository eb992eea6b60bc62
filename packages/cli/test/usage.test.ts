import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { warren } from './support/run.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('what cannot be understood', () => {
  test.each([
    [['message', 'list'], "unknown command 'message' (Did you mean messages?)"],
    [['messages', 'list', '--snce', '2h'], "unknown option '--snce' (Did you mean --since?)"],
    [['messages', 'list', '--since', 'yesterday'], 'It must be like 90s, 30m, 2h, 7d'],
    [['messages', 'show', '12'], 'A message id looks like'],
    [['messages', 'list', '--store', 'mysql://shop:secret@db/shop'], '"mysql://shop:***@db/shop" is neither'],
    [['messages', 'retry', '--store', 'sqlite:./orders.db'], 'either message ids or --name'],
    [['cluster', 'up', '--version'], "option '--version <series>' argument missing"],
    [['cluster', 'kill'], 'say which nodes to kill'],
    [['cluster', 'up', '--ram', 'n2'], '--join and --ram are for nodes that are hosts; add --hosts'],
    [['cluster', 'up', '--hosts', '--join', 'magic'], 'join-cluster, peer-discovery'],
    [['cluster', 'up', '--user', ':monitoring'], 'NAME or NAME:TAG,TAG'],
    [['cluster', 'doctor', '--ignore', 'nothing'], 'There is no finding "nothing"'],
    [['cluster', 'doctor', '--severity', 'fatal'], 'Allowed choices are error, warning, notice'],
    [['cluster', 'partition'], "missing required argument 'sides'"],
  ])('%j is answered with one line and exit code 64', async (args, answer) => {
    const { code, stdout, stderr } = await warren(args)
    expect(stderr).toContain(answer)
    expect(stderr).toMatch(/^warren: USAGE_INVALID: .*\n$/)
    expect(stderr).not.toContain('secret')
    expect(stdout).toBe('')
    expect(code).toBe(64)
  })
})

describe('what is missing or away', () => {
  test.each([
    ['no store is named', ['messages', 'list'], 78, 'STORE_NOT_GIVEN', 'WARREN_STORE'],
    ['no configuration', ['events', 'list'], 78, 'CONFIG_NOT_FOUND', 'warren.config.ts'],
    ['a configuration that is not there', ['events', 'list', '--config', 'no.ts'], 78, 'CONFIG_NOT_FOUND', '/no.ts'],
    ['no file', ['messages', 'list', '--store', 'sqlite:./no.db'], 66, 'STORE_NOT_FOUND', 'warren store migrate'],
    [
      'a password that makes it no URL',
      ['messages', 'list', '--store', 'postgres://shop:se/cr@t@127.0.0.1:1/shop'],
      64,
      'USAGE_INVALID',
      'percent-encoded',
    ],
    [
      'a server that is away',
      ['messages', 'list', '--store', 'postgres://shop:secret@127.0.0.1:1/shop'],
      69,
      'STORE_UNAVAILABLE',
      '127.0.0.1:1/shop',
    ],
  ])('%s: a code, what to do, and an exit code of its own', async (_, args, exitCode, errorCode, answer) => {
    const { code, stdout, stderr } = await warren(args, { cwd: folder })
    expect(stderr).toMatch(new RegExp(`^warren: ${errorCode}: .*\\n$`))
    expect(stderr).toContain(answer)
    expect(stderr).not.toMatch(/secret|se\/cr@t/)
    expect(stdout).toBe('')
    expect(code).toBe(exitCode)
  })

  test('a stack is shown with --debug alone, and holds no password either', async () => {
    const args = ['messages', 'list', '--store', 'postgres://shop:secret@127.0.0.1:1/shop', '--debug']
    const { stderr } = await warren(args)
    expect(stderr).toMatch(/\n {4}at /)
    expect(stderr).toContain('caused by')
    expect(stderr).not.toContain('secret')
  })

  test('a file that is no database is told so, and stays as it is', async () => {
    await writeFile(join(folder, 'notes.db'), 'shopping list')
    const { code, stderr } = await warren(['messages', 'list', '--store', 'sqlite:./notes.db'], { cwd: folder })
    expect(stderr).toMatch(/^warren: STORE_INVALID: .*notes\.db is no SQLite database.*\n$/)
    expect(code).toBe(78)
    expect(await readFile(join(folder, 'notes.db'), 'utf8')).toBe('shopping list')
  })

  test.each([
    [['messages', 'list'], 78, /^warren: STORE_NOT_MIGRATED: .*other\.db .*correct the path/],
    [['failures', 'discard', '--all', '--yes'], 78, /^warren: STORE_NOT_MIGRATED: /],
    [
      ['relay', '--service', 'orders', '--entity', 'order', '--endpoint', 'amqp://localhost'],
      78,
      /STORE_NOT_MIGRATED: /,
    ],
    [['store', 'status'], 2, /warren store migrate/],
  ])('%j leaves another program’s database as it is', async (args, exitCode, answer) => {
    const place = await mkdtemp(join(folder, 'other-'))
    const path = join(place, 'other.db')
    const other = new DatabaseSync(path)
    other.exec('create table note (text text)')
    other.close()
    const before = await readFile(path)
    const { code, stderr } = await warren([...args, '--store', `sqlite:${path}`], { cwd: folder })
    expect(stderr).toMatch(answer)
    expect(code).toBe(exitCode)
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await readdir(place)).toEqual(['other.db'])
  })

  test.each([
    ['subscriptions: { crm: "order.#" }', '"subscriptions" are lists of patterns'],
    ['monitor: { mask: "**.cardNumber" }', '"monitor.mask" is a list of paths'],
    ['monitor: { tokens: [{ name: "x", role: "viewer", sha256: "topsecret" }] }', '"monitor.tokens" are { name, role'],
    ['monitor: { login: { token: true } }', '"monitor.login" is { oidc, rabbitmq, token }'],
    ['monitor: { login: { passwords: false } }', '"monitor.login" is { oidc, rabbitmq, token }'],
    ['monitor: { login: { rabbitmq: true } }', '"monitor.login" is { oidc, rabbitmq, token }'],
    ['monitor: { traceUrl: 7 }', '"monitor.traceUrl" is no text'],
    ['monitor: { clusters: ["topsecret"] }', '"monitor.clusters" are clusters by name'],
    ['monitor: { clusters: { main: "http://u:topsecret@n1" } }', '"monitor.clusters" are clusters by name'],
    [
      'monitor: { clusters: { main: { url: "http://u:topsecret@n1" } } }',
      '"monitor.clusters.main" has "url": it knows',
    ],
    ['monitor: { clusters: { main: { endpoints: [] } } }', '"monitor.clusters.main" needs "endpoints", a list'],
    ['monitor: { clusters: { main: { endpoints: ["x"], credentials: "u:topsecret" } } }', 'has "credentials" that'],
    ['monitor: { clusters: { main: { endpoints: ["x"], credentials: { user: "u" } } } }', 'has "credentials" that'],
    ['monitor: { clusters: { main: { endpoints: ["x"], tls: { rejectUnauthorized: false } } } }', 'has "tls" that'],
    ['monitor: { clusters: { main: { endpoints: ["x"], vhost: 7 } } }', 'has a "vhost" that is no name'],
    ['monitor: { clusters: { main: { endpoints: ["x"], timeoutMs: 0 } } }', 'has a "timeoutMs" that is no number'],
    ['monitor: true', '"monitor.mask" is a list of paths'],
  ])('a configuration with %s is refused with the reason', async (part, reason) => {
    await writeFile(join(folder, 'broken.mjs'), `export default { ${part} }`)
    const { code, stderr } = await warren(['events', 'lint', '--config', 'broken.mjs'], { cwd: folder })
    expect(stderr).toMatch(/^warren: CONFIG_INVALID: .*broken\.mjs: /)
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('topsecret')
    expect(code).toBe(78)
  })

  test('whatever an error says, passwords in it are masked', async () => {
    await writeFile(join(folder, 'throws.mjs'), 'throw new Error("postgres://shop:secret@db is away")')
    const { stderr } = await warren(['events', 'lint', '--config', 'throws.mjs', '--debug'], { cwd: folder })
    expect(stderr).toContain('throws.mjs: it cannot be loaded: postgres://shop:***@db is away')
    expect(stderr).not.toContain('secret')
  })
})
