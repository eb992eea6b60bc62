import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Session } from '../../session.ts'
import { definitionsOf } from './source.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-source-'))
  vi.spyOn(process, 'cwd').mockReturnValue(folder)
  vi.stubEnv('WARREN_MANAGEMENT_USER', 'somebody')
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

test('an environment is one though a folder is called as it is', async () => {
  // Nobody listens on port 1: that it was asked tells that the environment was read.
  const spec = "endpoints: ['${BROKER}']\nenvironments: { staging: { BROKER: 'http://127.0.0.1:1' } }\n"
  await writeFile(join(folder, 'warren.yaml'), spec)
  const unreachable = expect.objectContaining({ code: 'MANAGEMENT_UNREACHABLE' }) as unknown
  await expect(definitionsOf(new Session({}), 'staging')).rejects.toEqual(unreachable)
  await mkdir(join(folder, 'staging'))
  await expect(definitionsOf(new Session({}), 'staging')).rejects.toEqual(unreachable)
})

test('a folder that is no environment is not found', async () => {
  const notFound = expect.objectContaining({ code: 'DEFINITIONS_NOT_FOUND' }) as unknown
  for (const name of ['staging', 'of.json']) {
    await mkdir(join(folder, name))
    await expect(definitionsOf(new Session({}), name)).rejects.toEqual(notFound)
  }
})
