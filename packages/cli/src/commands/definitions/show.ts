import type { Difference } from '@warren/cluster'
import { visible } from '../../output.ts'

const marks = { added: '+', removed: '-', changed: '~' } as const

/** One difference for people; its values must have been redacted. */
export function showDifference({ kind, section, identity, changes }: Difference): string {
  const named = Object.entries(identity).map(([field, value]) => `${field}=${shown(value)}`)
  // What is new is told in one line: the file has the rest.
  const told = kind === 'changed' ? changes : []
  const head = [marks[kind], kind, section, ...named].join(' ')
  return visible(
    [head, ...told.map(({ path, before, after }) => `    ${path}: ${shown(before)} → ${shown(after)}`)].join('\n'),
  )
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}
