import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Has a configuration with a catalog, subscriptions, and stores from the environment. */
export const shopFolder: string = fileURLToPath(new URL('../shop', import.meta.url))

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What stdout says, which must be one JSON document. */
  readonly json: () => unknown
}

/** Runs the command from its sources, as a process of its own without a terminal. */
export async function warren(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startWarren(args, options)
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('close', resolve)),
    textOf(child.stdout),
    textOf(child.stderr),
  ])
  return { code, stdout, stderr, json: () => JSON.parse(stdout) as unknown }
}

export function startWarren(args: readonly string[], options: RunOptions = {}) {
  const { PATH = '', HOME = '', WARREN_HOME, WARREN_RABBITMQ_SBIN } = process.env
  const child = spawn(process.execPath, ['--conditions=@warren/source', main, ...args], {
    cwd: options.cwd ?? '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH,
      HOME,
      ...(WARREN_HOME === undefined ? {} : { WARREN_HOME }),
      ...(WARREN_RABBITMQ_SBIN === undefined ? {} : { WARREN_RABBITMQ_SBIN }),
      ...options.env,
    },
  })
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  return child
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
