import { spawn } from 'node:child_process'
import { ClusterError } from '../../errors.ts'
import type { Account } from '../account.ts'

export interface CommandOptions {
  readonly account?: Account | undefined
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeoutMs?: number
  /** What the program reads from its standard input; nothing by default. */
  readonly input?: string
  /** What errors call it; the program and its first argument by default. */
  readonly title?: string
}

/** Runs a program to its end and returns its standard output. Throws COMMAND_FAILED with the last lines it wrote. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 120_000
  const child = spawn(program, args, {
    ...options.account,
    env: options.env ?? process.env,
    cwd: options.cwd ?? '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  // A program that ends without reading is told about by its exit code.
  child.stdin.on('error', () => undefined).end(options.input)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = await new Promise<{ code: number | null; signal: string | null } | Error>((resolve) => {
    child.on('error', resolve)
    child.on('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  if (!(ended instanceof Error) && ended.code === 0) return stdout

  const how =
    ended instanceof Error ? ended.message : ended.signal ? `was killed by ${ended.signal}` : `ended with ${ended.code}`
  const said = lastLines(stderr.trim() || stdout.trim(), 15)
  throw new ClusterError(
    'COMMAND_FAILED',
    `${options.title ?? `${program} ${args[0] ?? ''}`} ${how}${said === '' ? '' : `:\n${said}`}`,
    {
      program,
      args,
      ...(ended instanceof Error ? {} : ended),
    },
  )
}

/** The last `count` lines of a text. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
