import { spawn } from 'node:child_process'

/** Says why nothing can be done, in words and without a stack, and ends. */
export function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Runs a program whose output all goes to stderr, and returns how it ended. */
export async function run(program, args, options = {}) {
  return await ended(spawn(program, args, { ...options, stdio: ['ignore', process.stderr, process.stderr] }))
}

/** Runs a program in place of this one: its streams, its signals, its end. */
export async function runAndBecome(program, args) {
  const child = spawn(program, args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the script as well: passed on, it would count twice.
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    })
  }
  const { code, signal } = await ended(child)
  if (signal === null) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function ended(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`${child.spawnfile} could not be run: ${error.message}`))
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
}
