import type { ErrorCode } from '@warren/bus'

/** Codes of the command's own errors, beside those of the rooms below. */
export const cliErrorCodes = {
  USAGE_INVALID: 'the command line asks for something that makes no sense',
  CONFIRMATION_REQUIRED: 'the command changes data, nobody can be asked, and --yes is not there',
  CONFIG_NOT_FOUND: 'the command needs a warren.config file and there is none',
  STORE_NOT_GIVEN: 'no store is named on the command line, in the configuration or in the environment',
  STORE_NOT_FOUND: 'the file of the SQLite store does not exist',
  STORE_DRIVER_MISSING: 'the package that speaks to the database is not installed',
  MESSAGE_UNKNOWN: 'none of the stores knows the message',
  SUBSCRIPTION_UNKNOWN: 'no publisher, or no subscriber, among the stores knows the subscription',
  NOT_PUBLISHING: 'the command is about events that were published, and none of the stores has any',
  RECONCILER_NOT_RUNNING: 'a run of reconciliation was asked for, and no process of the service takes it up',
  FAILURE_UNKNOWN: 'none of the stores has such a failure',
  BACKFILL_REFUSED: 'the subscription is retired, or keeps no inbox that would tell what it has had',
  BACKFILL_UNKNOWN: 'none of the stores has such a backfill',
  BACKFILL_FAILED: 'a backfill that was waited for cannot go on',
  WATCH_UNKNOWN: 'none of the stores has such a watch',
  BULK_FAILED: 'an action on many failures cannot go on',
  INTERRUPTED: 'a person said no, or pressed Ctrl-C',
} as const

export type CliErrorCode = keyof typeof cliErrorCodes

/** An error that ends the command: one line that says what failed, on what, and what to do. */
export class CliError extends Error {
  readonly code: CliErrorCode | ErrorCode

  constructor(code: CliErrorCode | ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CliError'
    this.code = code
  }
}

/** The stable code of any error, of ours, of the rooms below or of Node; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : undefined
}
