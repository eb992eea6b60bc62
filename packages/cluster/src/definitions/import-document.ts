import { createHmac } from 'node:crypto'
import type { Finding } from '../lint/finding.ts'
import { redact } from '../redaction/redact.ts'
import type { ImportCheck, ImportStep } from './check-import.ts'
import type { Difference } from './diff.ts'
import { canonical } from './document.ts'
import { blockingIn } from './import.ts'

/** What an import would do, for people and programs: plain data, with every secret masked. */
export interface ImportDocument {
  readonly steps: readonly ImportStepDocument[]
  /** Why it must not be done, each in one line; empty when it can be. */
  readonly blocking: readonly string[]
  readonly notes: readonly Finding[]
}

export interface ImportStepDocument extends Difference {
  readonly action: ImportStep['action']
}

export function importDocument(check: ImportCheck, notes: readonly Finding[] = []): ImportDocument {
  return {
    steps: check.steps.map(({ action, difference }) => ({ action, ...maskedDifference(difference) })),
    blocking: blockingIn(check).map((reason) => String(redact(reason))),
    notes: redact(notes) as readonly Finding[],
  }
}

/** By field, so that a hash which stands alone in a change is masked as well. */
export function maskedDifference(difference: Difference): Difference {
  const { section, identity, changes } = difference
  // Under the name of the object, which may say that its value is a secret.
  const shown = redact({ section, name: identity['name'], changes }) as Pick<Difference, 'changes'>
  return { ...difference, identity: redact(identity) as Difference['identity'], changes: shown.changes }
}

/**
 * The same text for checks that would do the same to the same place, secrets included. Whoever has no `key` cannot find out by
 * it what the secrets are.
 */
export function importIdentity({ steps }: ImportCheck, place: readonly string[], key: Uint8Array): string {
  return createHmac('sha256', key)
    .update(canonical([place, steps]))
    .digest('base64url')
}
