import type { Value } from '../resources/value.ts'
import type { DefinitionsDocument } from './document.ts'
import { dropUsers } from './transform/drop-users.ts'
import { forVersion, keysFor } from './transform/for-version.ts'
import type { Transformed } from './transform/note.ts'
import { policyShifts } from './transform/policy-shifts.ts'
import { renameVhosts } from './transform/rename-vhosts.ts'
import { toQuorum, type ToQuorumOptions, withoutMirroringKeys } from './transform/to-quorum.ts'

/** What is to become of definitions on their way to another broker; nothing by default. */
export interface Transforms {
  /** New names of vhosts by the old ones. */
  readonly renameVhosts?: Readonly<Record<string, string>>
  /** Users that are left out, with their permissions. */
  readonly dropUsers?: 'all' | readonly string[]
  /** Classic queues that are mirrored become quorum queues, and the keys of mirroring go. */
  readonly toQuorum?: ToQuorumOptions
  /** A version of RabbitMQ, `4.3`: keys of policies that it does not take go. */
  readonly forVersion?: string
}

/**
 * Changes definitions for the broker that they are to go to, and tells what a person should know of it: what was left out and
 * why, and which policies count now that did not before. Secrets are not looked at. Throws TRANSFORM_INVALID for a vhost or a
 * user that is not there. Pure.
 */
export function transformDefinitions(document: DefinitionsDocument, transforms: Transforms): Transformed {
  const { renameVhosts: names, dropUsers: users, toQuorum: quorum, forVersion: version } = transforms
  const named = inTurn(document, [
    users && ((before) => dropUsers(before, users)),
    names && ((before) => renameVhosts(before, names)),
  ])
  // Mirroring is translated before a version that does not know it takes it away.
  const changed = inTurn(named.document, [
    quorum && ((before) => toQuorum(before, quorum)),
    version === undefined ? undefined : (before) => forVersion(before, version),
  ])
  const expected = (definition: Value): Value => {
    const translated = quorum ? withoutMirroringKeys(definition) : definition
    return version === undefined ? translated : keysFor(translated, version)
  }
  const shifts =
    quorum !== undefined || version !== undefined
      ? policyShifts(named.document, changed.document, expected, version)
      : []
  return { document: changed.document, notes: [...named.notes, ...changed.notes, ...shifts] }
}

type Step = (document: DefinitionsDocument) => Transformed

function inTurn(document: DefinitionsDocument, steps: readonly (Step | undefined)[]): Transformed {
  return steps.reduce<Transformed>(
    (done, step) => {
      if (step === undefined) return done
      const next = step(done.document)
      return { document: next.document, notes: [...done.notes, ...next.notes] }
    },
    { document, notes: [] },
  )
}
