import { exitCodes } from './exit-codes.ts'

/** Resolves with the first SIGTERM or SIGINT; the second one ends the process at once. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isFirst = true
    const onSignal = (signal: NodeJS.Signals): void => {
      if (!isFirst) process.exit(exitCodes.interrupted)
      isFirst = false
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
