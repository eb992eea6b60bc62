import { CommanderError } from 'commander'
import { codeOf } from './errors.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { redactText } from '@warren/cluster/redaction'
import { visible } from './output.ts'
import { makeProgram } from './program.ts'

// `warren messages list | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.error)
})

try {
  await makeProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error, process.argv.includes('--debug'))
}
// What a configuration has imported may hold the process open. Pipes are written to asynchronously on some systems.
process.stdout.write('', () => process.exit())

/** Tells what ended the command, and returns its exit code. */
function report(error: unknown, withStack: boolean): number {
  if (error instanceof CommanderError) {
    // It has written what there is to say.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const stack = withStack && error instanceof Error ? `\n${stackOf(error)}` : ''
  process.stderr.write(visible(redactText(`warren: ${code === undefined ? '' : `${code}: `}${message}${stack}`)) + '\n')
  return exitCodeOf(error)
}

function stackOf(error: Error): string {
  const { cause } = error
  return `${error.stack ?? ''}${cause instanceof Error ? `\ncaused by ${stackOf(cause)}` : ''}`
}
