import { openHome } from '@warren/cluster/local'
import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const made: string[] = []

async function project(name: string, mode = 0o755): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'warren-home-'))
  const folder = join(parent, name)
  await mkdir(folder)
  await chmod(folder, mode)
  await chmod(parent, 0o755)
  made.push(parent)
  return folder
}

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true })
})

test('is the ignored folder .warren of the project', async () => {
  const folder = await project('plain')
  const home = await openHome({ project: folder })
  expect(home).toBe(join(await realpath(folder), '.warren'))
  expect((await stat(home)).mode & 0o777).toBe(0o755)
})

test('is where WARREN_HOME says', async () => {
  const folder = await project('plain')
  expect(await openHome({ home: join(folder, 'elsewhere') })).toBe(join(await realpath(folder), 'elsewhere'))
})

test('moves to /var/tmp when there is a blank in the path, and is found there again', async () => {
  const folder = await project('with blank')
  const told: string[] = []
  const home = await openHome({ project: folder, onProgress: (line) => told.push(line) })
  made.push(home)
  expect(home).toMatch(/^\/var\/tmp\/warren-\d+-[0-9a-f]{12}$/)
  expect(told).toEqual([expect.stringContaining(home)])
  expect((await lstat(join(folder, '.warren'))).isSymbolicLink()).toBe(true)
  expect(await openHome({ project: folder })).toBe(home)
  // Whoever cleans /var/tmp leaves a link that leads nowhere.
  await rm(home, { recursive: true })
  expect(await openHome({ project: folder })).toBe(home)
})

test.runIf(process.getuid?.() === 0)('moves to /var/tmp when servers may not enter the project', async () => {
  const folder = await project('private', 0o700)
  const home = await openHome({ project: folder })
  made.push(home)
  expect(home).toMatch(/^\/var\/tmp\//)
  expect((await stat(home)).mode & 0o777).toBe(0o755)
  execFileSync('/bin/ls', [home], { uid: 65534, gid: 65534, cwd: '/' })
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
})

test('does not use what somebody else left there for it', async () => {
  const folder = await project('with blank')
  const home = await openHome({ project: folder })
  made.push(home)
  await rm(home, { recursive: true })
  await mkdir(home)
  await chmod(home, 0o777)
  await expect(openHome({ project: folder })).rejects.toMatchObject({ code: 'HOME_UNREACHABLE' })
})

test('keeps what is in a .warren that cannot be used any more', async () => {
  const folder = await project('with blank')
  await mkdir(join(folder, '.warren'))
  await writeFile(join(folder, '.warren', 'note'), 'kept')
  made.push(await openHome({ project: folder }))
  expect(await readFile(join(folder, '.warren', 'note'), 'utf8')).toBe('kept')
})
