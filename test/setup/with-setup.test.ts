import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chooseNode, isNewEnough } from '../../scripts/setup/choose-node.mjs'

const project = join(import.meta.dirname, '../..')
const scripts = join(project, 'scripts')
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-setup-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function script(content: string): Promise<string> {
  const path = join(folder, 'script.ts')
  await writeFile(path, content)
  return path
}

function withSetup(...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(scripts, 'with-setup.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function ending(child: ChildProcess) {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    new Promise<[number | null, string | null]>((resolve) => child.once('exit', (...how) => resolve(how))),
  ])
  return { stdout, stderr, code, signal }
}

describe('a script behind the set-up', () => {
  test('runs as TypeScript from source, with its arguments, its exit code and stdout to itself', async () => {
    const path = await script(`
      const [a, b]: string[] = process.argv.slice(2)
      console.log(JSON.stringify([a, b, process.execArgv.includes('--conditions=@warren/source')]))
      process.exitCode = 7`)
    const { stdout, code } = await ending(withSetup('--', path, '--json', '5'))
    expect(stdout).toBe('["--json","5",true]\n')
    expect(code).toBe(7)
  })

  test('gets the signals that the set-up gets', async () => {
    const path = await script(`
      process.on('SIGTERM', () => { console.log('told'); process.exit(3) })
      setInterval(() => undefined, 1000)
      console.log('ready')`)
    const child = withSetup('--', path)
    const ended = ending(child)
    await new Promise((resolve) => child.stdout!.once('data', resolve))
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ stdout: expect.stringContaining('told') as string, code: 3 })
  })

  test('ends the set-up the way it ended itself', async () => {
    const path = await script(`process.kill(process.pid, 'SIGKILL')`)
    expect(await ending(withSetup('--', path))).toMatchObject({ code: null, signal: 'SIGKILL' })
  })

  test('does not start when a server that it needs cannot be brought, and says why', async () => {
    const path = await script(`console.log('started')`)
    const env = { ...process.env, WARREN_RABBITMQ_SBIN: folder }
    const child = spawn(process.execPath, [join(scripts, 'with-setup.mjs'), '--rabbitmq', '--', path], { env })
    const { stdout, stderr, code } = await ending(child)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^INSTALL_FAILED: .*is not the sbin folder of a RabbitMQ/m)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })
})

describe('packages', () => {
  const ensure = async () => {
    const code = `import('${scripts}/setup/packages.mjs').then((module) => module.ensurePackages(process.argv[1]))`
    return (await promisify(execFile)(process.execPath, ['-e', code, folder])).stderr
  }

  const npm = (cwd: string, ...args: string[]) => promisify(execFile)('npm', [...args, '--offline'], { cwd })

  /** Makes `folder` a project that depends on a package of this version, which npm can find without a network. */
  async function dependOn(version: string): Promise<void> {
    // Made elsewhere: npm would note a new lock file as installed although it installs nothing.
    const origin = join(folder, 'origin', version)
    const leaf = join(origin, 'leaf')
    await mkdir(leaf, { recursive: true })
    await writeFile(join(leaf, 'package.json'), JSON.stringify({ name: 'leaf', version }))
    await npm(leaf, 'pack', '--pack-destination', origin)
    const dependencies = { leaf: `file:leaf-${version}.tgz` }
    await writeFile(join(origin, 'package.json'), JSON.stringify({ name: 'root', version: '1.0.0', dependencies }))
    await npm(origin, 'install', '--package-lock-only')
    for (const name of ['package.json', 'package-lock.json', `leaf-${version}.tgz`]) {
      await copyFile(join(origin, name), join(folder, name))
    }
  }

  test('are installed once, and again when the lock file asks for others', async () => {
    await dependOn('1.0.0')
    expect(await ensure()).toMatch(/installing packages/)
    expect(await ensure()).toBe('')

    await dependOn('1.0.1')
    expect(await ensure()).toMatch(/installing packages/)
    const { version } = JSON.parse(await readFile(join(folder, 'node_modules/leaf/package.json'), 'utf8')) as {
      version: string
    }
    expect(version).toBe('1.0.1')
  })

  test('that somebody installed by hand are good enough', async () => {
    await dependOn('1.0.0')
    await npm(folder, 'install')
    expect(await ensure()).toBe('')
  })
})

describe('the Node that runs TypeScript', () => {
  test.each([
    ['20.19.0', false],
    ['22.17.1', false],
    ['22.18.0', true],
    ['23.11.0', false],
    ['24.10.0', false],
    ['24.11.0', true],
    ['25.0.0', true],
  ])('%s is new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected)
  })

  test('is the one that runs, where it is new enough', () => {
    expect(chooseNode(project, '24.11.0', '/its/path')).toBe('/its/path')
  })

  test.runIf(process.platform === 'linux')('is the one that npm brought, where the own one is too old', () => {
    expect(chooseNode(project, '20.19.0', '/its/path')).toMatch(/node_modules\/node-linux-.*\/bin\/node$/)
  })

  test('is asked for in words, where there is none', async () => {
    const code = `import('${scripts}/setup/choose-node.mjs').then((module) => module.chooseNode('/none', '20.19.0'))`
    const run = promisify(execFile)(process.execPath, ['-e', code])
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Node 20\.19\.0 is too old/) as string,
    })
  })
})
