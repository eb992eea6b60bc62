import { installRabbitmq, isClusterError } from '@warren/cluster/local'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, outcomeOf, type Report } from './outcome.ts'

/** Brings the version and runs the test files on it; what they write goes to stderr. */
export async function runVersion(options: {
  readonly root: string
  readonly home: string
  readonly version: string
  readonly files: readonly string[]
  readonly onProgress: (line: string) => void
}): Promise<Outcome> {
  const { root, home, version, files, onProgress } = options
  let broker: string
  try {
    broker = (await installRabbitmq({ home, version, onProgress })).version
  } catch (error) {
    if (!isClusterError(error)) throw error
    return { kind: 'not run', version, why: `${error.code}: ${error.message}` }
  }
  onProgress(`RabbitMQ ${broker}: testing ${files.length} files`)
  const folder = await mkdtemp(join(tmpdir(), 'warren-matrix-'))
  const startedAtMs = performance.now()
  try {
    const reportFile = join(folder, 'report.json')
    const exitCode = await runVitest(root, { ...process.env, WARREN_TEST_RABBITMQ: version }, [
      ...files,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
    ])
    const text = await readFile(reportFile, 'utf8').catch(() => undefined)
    const report = text === undefined ? undefined : (JSON.parse(text) as Report)
    const seconds = (performance.now() - startedAtMs) / 1000
    return outcomeOf({ version, broker, seconds, exitCode }, report)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runVitest(root: string, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<number | null> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', process.stderr, process.stderr],
  })
  // Ended early, the run takes its brokers down itself. Ctrl-C reaches it from the terminal, too: told twice, it ends at once.
  const end = () => child.kill('SIGTERM')
  process.once('SIGTERM', end)
  process.once('SIGHUP', end)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
  } finally {
    process.off('SIGTERM', end)
    process.off('SIGHUP', end)
  }
}
