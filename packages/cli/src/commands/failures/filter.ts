import type { Command } from 'commander'
import { Option } from 'commander'
import type { FailureFilter } from '@warren/bus'
import { sinceOption, untilOption } from '../../options.ts'

/** What chooses failures, on the command line. */
export interface FailureOptions {
  readonly subscription?: string
  readonly fingerprint?: string
  readonly name?: string
  readonly entity?: string
  readonly state?: 'retrying' | 'parked'
  readonly since?: Date
  readonly until?: Date
}

export function addFailureOptions(command: Command): Command {
  return command
    .option('--subscription <name>', 'failures of this subscription')
    .option('--group, --fingerprint <fingerprint>', 'failures with this cause')
    .option('--name <event>', 'failures of this event, in full')
    .option('--entity <id>', 'failures of this entity')
    .addOption(new Option('--state <state>', 'failures in this state').choices(['retrying', 'parked']))
    .addOption(sinceOption('last failed'))
    .addOption(untilOption('last failed'))
}

/** The filter that the options say; empty when they say nothing. */
export function failureFilter(options: FailureOptions): FailureFilter {
  const { subscription, fingerprint, name, entity, state, since, until } = options
  return {
    ...(subscription === undefined ? {} : { subscription }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(name === undefined ? {} : { name }),
    ...(entity === undefined ? {} : { entityId: entity }),
    ...(state === undefined ? {} : { state }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}
