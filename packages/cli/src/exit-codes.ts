import { codeOf } from './errors.ts'

/** How a command ends. The numbers from 64 up are those of sysexits.h; docs/cli.md lists them for users. */
export const exitCodes = {
  ok: 0,
  /** It was tried and failed. */
  error: 1,
  /** It worked, and there is something to look at: lint findings, changes to apply, migrations, nodes that are not running. */
  findings: 2,
  /** The command line is wrong; nothing was tried. */
  usage: 64,
  /** What was named does not exist: a message, a failure, a file, a cluster, a node, a vhost. */
  missing: 66,
  /** A database or a broker cannot be reached, or the service that has to act does not run. */
  unavailable: 69,
  /** The configuration, or the schema of a store, is not as it must be. */
  config: 78,
  /** A person said no, or pressed Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  USAGE_INVALID: exitCodes.usage,
  CONFIRMATION_REQUIRED: exitCodes.usage,
  PATTERN_INVALID: exitCodes.usage,
  PATTERN_MATCHES_NOTHING: exitCodes.usage,
  WATCH_INVALID: exitCodes.usage,
  COMPENSATION_INVALID: exitCodes.usage,
  CLUSTER_INVALID: exitCodes.usage,
  HOSTS_REQUIRED: exitCodes.usage,
  TRANSFORM_INVALID: exitCodes.usage,
  EVENT_UNKNOWN: exitCodes.missing,
  MESSAGE_UNKNOWN: exitCodes.missing,
  FAILURE_UNKNOWN: exitCodes.missing,
  SUBSCRIPTION_UNKNOWN: exitCodes.missing,
  NOT_PUBLISHING: exitCodes.missing,
  RECONCILER_NOT_RUNNING: exitCodes.unavailable,
  BACKFILL_UNKNOWN: exitCodes.missing,
  WATCH_UNKNOWN: exitCodes.missing,
  STORE_NOT_FOUND: exitCodes.missing,
  CLUSTER_UNKNOWN: exitCodes.missing,
  NODE_UNKNOWN: exitCodes.missing,
  QUEUE_UNKNOWN: exitCodes.missing,
  VERSION_UNAVAILABLE: exitCodes.missing,
  SPEC_NOT_FOUND: exitCodes.missing,
  DEFINITIONS_NOT_FOUND: exitCodes.missing,
  MANAGEMENT_NOT_FOUND: exitCodes.missing,
  DEFINITIONS_INVALID: exitCodes.config,
  SPEC_INVALID: exitCodes.config,
  SPEC_VARIABLE_MISSING: exitCodes.config,
  SPEC_SECRET_MISSING: exitCodes.config,
  MANAGEMENT_INVALID: exitCodes.config,
  STORE_UNAVAILABLE: exitCodes.unavailable,
  MANAGEMENT_UNREACHABLE: exitCodes.unavailable,
  MANAGEMENT_REFUSED: exitCodes.unavailable,
  CONNECTION_REFUSED: exitCodes.unavailable,
  ACCESS_REFUSED: exitCodes.unavailable,
  TLS_FAILED: exitCodes.unavailable,
  CONFIG_NOT_FOUND: exitCodes.config,
  CONFIG_INVALID: exitCodes.config,
  OPTION_INVALID: exitCodes.config,
  CATALOG_INVALID: exitCodes.config,
  ENDPOINT_INVALID: exitCodes.config,
  STORE_NOT_GIVEN: exitCodes.config,
  STORE_DRIVER_MISSING: exitCodes.config,
  STORE_FORBIDDEN: exitCodes.config,
  STORE_SHARED: exitCodes.config,
  STORE_INVALID: exitCodes.config,
  STORE_NOT_MIGRATED: exitCodes.config,
  STORE_TOO_NEW: exitCodes.config,
  MIGRATION_CHANGED: exitCodes.config,
  INTERRUPTED: exitCodes.interrupted,
}

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  return byErrorCode[codeOf(error) ?? ''] ?? exitCodes.error
}
