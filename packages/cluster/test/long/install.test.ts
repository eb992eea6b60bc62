import { installPostgres, installRabbitmq, startPostgres } from '@warren/cluster/local'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { thisDistribution } from '../../src/local/install/distribution.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'warren-install-'))
  await chmod(home, 0o755)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true, force: true })
})

// Downloads 35 MB and unpacks them, on a slow line or a busy machine in minutes.
const timeout = 300_000

// Its descendants know neither the archive of Debian nor its keys.
const isDebianItself = /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))

describe.runIf((await thisDistribution()) === 'debian')("from the distribution's packages", { timeout }, () => {
  test('brings RabbitMQ once, then needs neither network nor programs', async () => {
    // What an interrupted run left behind counts for nothing.
    await mkdir(join(home, 'rabbitmq.unfinished-abc'))
    await writeFile(join(home, 'rabbitmq.lock'), JSON.stringify({ pid: 4_000_000, startedAt: 'long ago' }))
    const told: string[] = []
    const options = { home, isSystemIgnored: true, onProgress: (line: string) => told.push(line) }

    const installation = await installRabbitmq(options)
    expect(installation).toMatchObject({
      source: 'packages',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    })
    expect(told.join('\n')).toMatch(/downloading \d+ packages\n.*unpacking/)
    expect(await readdir(home)).toEqual(['rabbitmq'])

    told.length = 0
    vi.stubEnv('PATH', '/nonexistent')
    expect(await installRabbitmq(options)).toEqual(installation)
    expect(told).toEqual([])
  })

  test.runIf(isDebianItself)(
    'brings the series that is asked for from another release of Debian, with its own C library',
    async () => {
      const told: string[] = []
      const options = { home, isSystemIgnored: true, onProgress: (line: string) => told.push(line) }
      const installation = await installRabbitmq({ ...options, version: '4.0' })
      expect(installation).toMatchObject({ source: 'packages', version: expect.stringMatching(/^4\.0\./) as string })
      expect(told).toContainEqual(expect.stringMatching(/^RabbitMQ 4\.0: downloading \d+ packages$/))
      expect(await readdir(home)).toEqual(['rabbitmq-4.0'])

      told.length = 0
      vi.stubEnv('WARREN_DEBIAN_MIRROR', 'http://127.0.0.1:9/debian')
      expect(await installRabbitmq({ ...options, version: '4.0' })).toEqual(installation)
      expect(told).toEqual([])
    },
  )

  test.runIf(isDebianItself)(
    'tells why when the archive cannot be reached, and leaves nothing that counts as installed',
    async () => {
      vi.stubEnv('WARREN_DEBIAN_MIRROR', 'http://127.0.0.1:9/debian')
      await expect(installRabbitmq({ home, isSystemIgnored: true, version: '4.3' })).rejects.toMatchObject({
        code: 'INSTALL_FAILED',
        message: expect.stringContaining('127.0.0.1:9') as string,
      })
      expect(await readdir(home)).toEqual([])
    },
  )

  test('brings PostgreSQL, and the server runs', async () => {
    const installation = await installPostgres({ home, isSystemIgnored: true })
    expect(installation).toMatchObject({ source: 'packages' })
    expect(installation.bin.startsWith(home)).toBe(true)

    vi.stubEnv('PATH', '/nonexistent')
    await using server = await startPostgres({ home, isSystemIgnored: true })
    expect(await server.createDatabase('works')).toContain('/works')
  })

  test('leaves nothing that counts as installed when it fails', async () => {
    vi.stubEnv('PATH', '/nonexistent')
    await expect(installRabbitmq({ home, isSystemIgnored: true })).rejects.toMatchObject({ code: 'INSTALL_FAILED' })
    expect(await readdir(home)).toEqual([])
  })
})

test('uses the RabbitMQ that WARREN_RABBITMQ_SBIN names, and refuses one that is too old', async () => {
  const sbin = await fakeRabbitmq('3.12.4')
  vi.stubEnv('WARREN_RABBITMQ_SBIN', sbin)
  expect(await installRabbitmq({ home })).toMatchObject({ sbin, version: '3.12.4', source: 'setting' })

  vi.stubEnv('WARREN_RABBITMQ_SBIN', await fakeRabbitmq('3.8.9'))
  await expect(installRabbitmq({ home })).rejects.toMatchObject({ code: 'VERSION_UNSUPPORTED' })
})

test('takes what is on the machine for the series that is asked for, and passes over what is not', async () => {
  const sbin = await fakeRabbitmq('4.1.3')
  vi.stubEnv('WARREN_RABBITMQ_SBIN', sbin)
  expect(await installRabbitmq({ home, version: '4.1' })).toMatchObject({ sbin, version: '4.1.3' })
  await expect(installRabbitmq({ home, version: '4.2' })).rejects.toMatchObject({
    code: 'VERSION_UNAVAILABLE',
    message: expect.stringMatching(/RabbitMQ 4\.2 .* 3\.10, 4\.0, 4\.3/) as string,
  })
  expect(await readdir(home)).not.toContain('rabbitmq-4.2')
})

test('uses the RabbitMQ on the PATH', async () => {
  const sbin = await fakeRabbitmq('4.1.0')
  vi.stubEnv('PATH', sbin)
  expect(await installRabbitmq({ home })).toMatchObject({ sbin, version: '4.1.0', source: 'machine' })
})

test('looks behind the wrapper that Debian puts on the PATH, which refuses ordinary users', async () => {
  const sbin = await fakeRabbitmq('4.3.6')
  const bin = join(home, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'rabbitmq-script-wrapper'), '')
  await symlink(join(sbin, 'rabbitmq-defaults'), join(bin, 'rabbitmq-defaults'))
  const path = join(home, 'usr-sbin')
  await mkdir(path)
  await symlink(join(bin, 'rabbitmq-script-wrapper'), join(path, 'rabbitmq-server'))
  vi.stubEnv('PATH', path)
  expect(await installRabbitmq({ home })).toMatchObject({ sbin, source: 'machine' })
})

/** As much of an installation as is looked at before it is run. */
async function fakeRabbitmq(version: string): Promise<string> {
  const root = join(home, `rabbitmq_server-${version}`)
  await mkdir(join(root, 'plugins', `rabbit-${version}`), { recursive: true })
  await mkdir(join(root, 'sbin'))
  for (const name of ['rabbitmq-server', 'rabbitmq-defaults']) await writeFile(join(root, 'sbin', name), '')
  return join(root, 'sbin')
}
