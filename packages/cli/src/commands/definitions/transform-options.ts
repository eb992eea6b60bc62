import type { Finding, Transforms } from '@warren/cluster'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { collected } from '../../options.ts'
import type { Session } from '../../session.ts'
import { showFinding } from '../plan/show.ts'

export interface TransformOptions {
  readonly renameVhost?: Readonly<Record<string, string>>
  readonly dropUser?: readonly string[]
  readonly dropUsers?: true
  readonly toQuorum?: true
  readonly forVersion?: string
}

/** What export, import and sync can change on the way. */
export function addTransformOptions(command: Command): Command {
  return command
    .addOption(new Option('--rename-vhost <old=new>', 'give a vhost another name; repeatable').argParser(renamed))
    .addOption(
      new Option('--drop-user <name>', 'leave a user out, and its permissions; repeatable').argParser(collected),
    )
    .option('--drop-users', 'leave all users out')
    .option('--to-quorum', 'make quorum queues of mirrored ones, and take mirroring out of policies')
}

export function forVersionOption(more: string): Option {
  return new Option('--for-version <version>', `leave out what this version does not take in policies: 4.3${more}`)
}

/** `version` is that of the target, where there is one. */
export function transformsOf(
  options: TransformOptions,
  target: { readonly version?: string; readonly nodes?: number } = {},
): Transforms {
  const { renameVhost, dropUser = [], dropUsers, toQuorum, forVersion } = options
  if (forVersion !== undefined && forVersion !== 'target' && !/^\d+(\.\d+){0,2}$/.test(forVersion)) {
    throw new CliError('USAGE_INVALID', `"${forVersion}" is no version; say one such as 4.3`)
  }
  if (forVersion === 'target' && target.version === undefined) {
    throw new CliError('USAGE_INVALID', 'there is no target here; say a version such as 4.3')
  }
  const version = forVersion === 'target' ? target.version : forVersion
  const { nodes = 0 } = target
  return {
    ...(renameVhost && { renameVhosts: renameVhost }),
    ...(dropUsers === true ? { dropUsers: 'all' } : dropUser.length > 0 ? { dropUsers: dropUser } : {}),
    ...(toQuorum === true && { toQuorum: nodes > 0 ? { nodes } : {} }),
    ...(version === undefined ? {} : { forVersion: version }),
  }
}

/** Tells what the transforms did, beside the result. */
export function showNotes({ output }: Session, notes: readonly Finding[]): void {
  for (const note of notes) output.aside(showFinding(note))
}

function renamed(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  const [from, to] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || to === '') throw new InvalidArgumentError('It must be like staging=prod.')
  return { ...before, [from]: to }
}
