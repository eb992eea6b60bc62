import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface MeasuredProcess {
  readonly code: number | null
  readonly stdout: string
  /** From before it was started until it was gone. */
  readonly durationMs: number
  /** The most that was resident at any time, as the system counts it. */
  readonly maxRssBytes: number
}

const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
/** Writes to the fourth descriptor when the process exits; `maxRSS` is in KiB. */
const reporter = `data:text/javascript,import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().maxRSS)))`

/** Runs `warren` from its sources and waits for its end. Rejects when it tells nothing of its memory. */
export async function measureProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<MeasuredProcess> {
  const { PATH = '', HOME = '' } = process.env
  const startedAt = performance.now()
  const flags = ['--conditions=@warren/source', '--disable-warning=ExperimentalWarning', '--import', reporter]
  const child = spawn(process.execPath, [...flags, main, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  const ended = new Promise<{ code: number | null; durationMs: number }>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve({ code, durationMs: performance.now() - startedAt }))
  })
  const [stdout, memory, { code, durationMs }] = await Promise.all([
    textOf(child.stdio[1]),
    textOf(child.stdio[3]),
    ended,
  ])
  const maxRssBytes = Number(memory) * 1024
  if (!(maxRssBytes > 0)) throw new Error(`warren ${args.join(' ')} ended with ${String(code)} and told no memory`)
  return { code, stdout, durationMs, maxRssBytes }
}

async function textOf(stream: unknown): Promise<string> {
  let text = ''
  // Pipes both ways are typed as either; these are read.
  for await (const chunk of stream as AsyncIterable<Buffer>) text += String(chunk)
  return text
}
