import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'

const demo = fileURLToPath(new URL('../../demo/main.ts', import.meta.url))

export interface Finished {
  readonly code: number | null
  /** Of the last line on the standard output, which is the only one. */
  readonly result: Readonly<Record<string, unknown>>
  readonly stderr: string
}

/** Runs the demo as a process of its own. */
export async function runDemo(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const child = spawn(process.execPath, ['--conditions=@warren/source', demo, ...args], {
    env: { ...process.env, DATABASE_URL: '', WARREN_ENDPOINTS: '', WARREN_HOME: inject('warrenRun').home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  const lines = stdout.split('\n').filter((line) => line !== '')
  if (lines.length > 1) throw new Error(`more than one line on the standard output:\n${stdout}`)
  return { code, result: JSON.parse(lines[0] ?? '{}') as Finished['result'], stderr }
}
